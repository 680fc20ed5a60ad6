/**
 * ECDSA over a digest (FIPS 186-5 section 6.4). The curve's multiplication is node:crypto's for signatures, by way of ECDH, and plain
 * arithmetic for their verification, which is slow. For tests alone.
 */
import { createECDH, randomBytes } from "node:crypto";

// SEC 2 sections 2.4.2, 2.5.1 and 2.6.1.
const CURVES = {
  "P-256": {
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    g: [
      0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
      0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
    ],
  },
  "P-384": {
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    g: [
      0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7n,
      0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5fn,
    ],
  },
  "P-521": {
    p: (1n << 521n) - 1n,
    n: (((1n << 261n) - 1n) << 260n) + 0xa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    g: [
      0x00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66n,
      0x011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650n,
    ],
  },
};

/** @type {(a: bigint, m: bigint) => bigint} */
const mod = (a, m) => ((a % m) + m) % m;

/** @type {(a: bigint, m: bigint) => bigint} */
function inverse(a, m) {
  let [low, high, x, y] = [mod(a, m), m, 1n, 0n];
  while (low > 1n) {
    const q = high / low;
    [low, high] = [high - q * low, low];
    [x, y] = [y - q * x, x];
  }
  return mod(x, m);
}

/** @type {(a: bigint[] | null, b: bigint[] | null, p: bigint) => bigint[] | null} */
function add(a, b, p) {
  if (a === null) return b;
  if (b === null) return a;
  const [[ax, ay], [bx, by]] = [a, b];
  if (ax === bx && mod(ay + by, p) === 0n) return null;
  // The curves have a = -3.
  const slope = ax === bx ? mod((3n * ax * ax - 3n) * inverse(2n * ay, p), p) : mod((by - ay) * inverse(bx - ax, p), p);
  const x = mod(slope * slope - ax - bx, p);
  return [x, mod(slope * (ax - x) - ay, p)];
}

/** @type {(k: bigint, point: bigint[], p: bigint) => bigint[] | null} */
function times(k, point, p) {
  /** @type {bigint[] | null} */
  let sum = null;
  /** @type {bigint[] | null} */
  let doubled = point;
  for (let rest = k; rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = add(sum, doubled, p);
    doubled = add(doubled, doubled, p);
  }
  return sum;
}

/** @type {(bytes: Uint8Array) => bigint} */
const big = (bytes) => BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`);

// FIPS 186-5 section 6.4.1: the leftmost bits, as many as the order has.
/** @type {(digest: Buffer, n: bigint) => bigint} */
function scalar(digest, n) {
  const extra = BigInt(Math.max(0, digest.length * 8 - n.toString(2).length));
  return big(digest) >> extra;
}

function der(number) {
  const hex = number.toString(16);
  const even = hex.length % 2 === 1 ? `0${hex}` : hex;
  const bytes = Buffer.from(Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even, "hex");
  return Buffer.concat([Buffer.from([2, bytes.length]), bytes]);
}

const NAMES = { "P-256": ["prime256v1", 32], "P-384": ["secp384r1", 48], "P-521": ["secp521r1", 66] };

/** The first coordinate of a multiple of the curve's generator. */
function firstOf(k, crv) {
  const [name, size] = NAMES[crv];
  const ecdh = createECDH(name);
  ecdh.setPrivateKey(k.toString(16).padStart(size * 2, "0"), "hex");
  return big(ecdh.getPublicKey().subarray(1, size + 1));
}

/** @returns the signature in DER */
export function ecdsaSign(privateKey, digest) {
  const { crv, d } = privateKey.export({ format: "jwk" });
  const { n } = CURVES[crv];
  const secret = big(Buffer.from(d, "base64url"));
  for (;;) {
    const k = mod(big(randomBytes(n.toString(16).length / 2 + 16)), n);
    if (k === 0n) continue;
    const r = mod(firstOf(k, crv), n);
    const s = mod(inverse(k, n) * (scalar(digest, n) + r * secret), n);
    if (r === 0n || s === 0n) continue;
    const body = Buffer.concat([der(r), der(s)]);
    const head = body.length < 0x80 ? [0x30, body.length] : [0x30, 0x81, body.length];
    return Buffer.concat([Buffer.from(head), body]);
  }
}

/** Tells whether a signature in DER belongs to a digest. */
export function ecdsaVerify(publicKey, digest, signature) {
  const { crv, x, y } = publicKey.export({ format: "jwk" });
  const { p, n, g } = CURVES[crv];
  const start = signature[1] === 0x81 ? 3 : 2;
  const rEnd = start + 2 + signature[start + 1];
  const r = big(signature.subarray(start + 2, rEnd));
  const s = big(signature.subarray(rEnd + 2, rEnd + 2 + signature[rEnd + 1]));
  if (r <= 0n || s <= 0n || r >= n || s >= n) return false;
  const w = inverse(s, n);
  const point = [big(Buffer.from(x, "base64url")), big(Buffer.from(y, "base64url"))];
  const sum = add(times(mod(scalar(digest, n) * w, n), g, p), times(mod(r * w, n), point, p), p);
  return sum !== null && mod(sum[0], n) === r;
}
