import { constants, createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { localSigner } from "../../src/algorithms/signature.js";
import { SignetError } from "../../src/errors.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import type { Verifier } from "../../src/verify/verifier.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { AUDIENCE, answerOf, goodClaims, ISSUER, NOW, part, type TestKey, testKey, verifierFor } from "./tokens.js";

const keys = {} as Record<"es" | "es384" | "es512" | "rs" | "ps" | "ed" | "attacker", TestKey>;
let verifier: Verifier;
beforeAll(async () => {
  keys.es = await testKey("ES256", "es");
  keys.es384 = await testKey("ES384", "es384");
  keys.es512 = await testKey("ES512", "es512");
  keys.rs = await testKey("RS256", "rs");
  keys.ps = await testKey("PS256", "ps");
  keys.ed = await testKey("EdDSA", "ed");
  keys.attacker = await testKey("ES256", "es");
  verifier = verifierFor([keys.es, keys.es384, keys.es512, keys.rs, keys.ps, keys.ed]);
});

const assembled = (header: object, signature: Uint8Array | string): string =>
  `${part(header)}.${part(goodClaims)}.${part(signature)}`;
const big = (value: bigint, bytes: number): Buffer => Buffer.from(value.toString(16).padStart(2 * bytes, "0"), "hex");
const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);

/** [what was done to other libraries, the token that does it, the answer it must get] */
type Attack = readonly [string, () => unknown, string];

describe("an algorithm that the attacker chooses (CVE-2015-9235 and its kin)", () => {
  const unsecured = ["none", "None", "NONE", "nOnE", "none ", "", "null"];
  it.each(unsecured)("%j is refused with and without a signature", (alg) => {
    const header = { ...keys.es.header, alg };
    expect(answerOf(verifier, assembled(header, ""))).toBe("token_algorithm_refused");
    expect(answerOf(verifier, keys.es.token(header, goodClaims))).toBe("token_algorithm_refused");
  });

  const secrets: [string, (key: KeyObject) => string | Buffer][] = [
    ["PEM", (key) => key.export({ format: "pem", type: "spki" })],
    ["PEM without its last line feed", (key) => key.export({ format: "pem", type: "spki" }).toString().trimEnd()],
    ["DER", (key) => key.export({ format: "der", type: "spki" })],
    ["JWK", (key) => JSON.stringify(key.export({ format: "jwk" }))],
  ];
  it.each(secrets)("HMAC with the public key's %s as its secret is refused", (_, secretOf) => {
    for (const key of [keys.rs, keys.es, keys.ed]) {
      for (const [alg, hash] of [
        ["HS256", "sha256"],
        ["HS384", "sha384"],
        ["HS512", "sha512"],
      ] as const) {
        const input = `${part({ ...key.header, alg })}.${part(goodClaims)}`;
        const mac = createHmac(hash, secretOf(key.publicKey)).update(input).digest("base64url");
        expect(answerOf(verifier, `${input}.${mac}`)).toBe("token_algorithm_refused");
        // The same MAC under the key's own algorithm is no signature.
        expect(answerOf(verifier, assembled(key.header, Buffer.from(mac, "base64url")))).toBe("token_signature_invalid");
      }
    }
  });

  const renamed: Attack[] = [
    ["RSA PKCS#1 as PSS", () => keys.rs.token({ ...keys.rs.header, alg: "PS256" }, goodClaims), "token_algorithm_refused"],
    ["PSS as RSA PKCS#1", () => keys.ps.token({ ...keys.ps.header, alg: "RS256" }, goodClaims), "token_algorithm_refused"],
    ["a lower case name", () => keys.es.token({ ...keys.es.header, alg: "es256" }, goodClaims), "token_algorithm_refused"],
    ["another curve's name", () => keys.es.token({ ...keys.es.header, alg: "ES512" }, goodClaims), "token_algorithm_refused"],
    ["another key's kid", () => keys.es.token({ ...keys.es.header, kid: "rs" }, goodClaims), "token_algorithm_refused"],
    ["secp256k1", () => keys.es.token({ ...keys.es.header, alg: "ES256K" }, goodClaims), "token_algorithm_refused"],
  ];
  it.each(renamed)("%s is refused", (_, token, code) => {
    expect(answerOf(verifier, token())).toBe(code);
  });
});

describe("a key that the attacker brings (CVE-2018-0114)", () => {
  const own = (): object => keys.attacker.signer.publicJwk;
  it.each<Attack>([
    ["in the header", () => keys.attacker.good({}, { jwk: own() }), "token_header_refused"],
    ["by URL", () => keys.attacker.good({}, { jku: "https://attacker.example" }), "token_header_refused"],
    ["by certificate", () => keys.attacker.good({}, { x5c: ["MIIB"] }), "token_header_refused"],
    ["by a certificate's URL", () => keys.attacker.good({}, { x5u: "https://attacker.example" }), "token_header_refused"],
    ["under the issuer's name for another", () => keys.attacker.good(), "token_signature_invalid"],
  ])("%s is refused", (_, token, code) => {
    expect(answerOf(verifier, token())).toBe(code);
  });

  it.each([
    "../../../dev/null",
    "/proc/self/environ",
    "es' OR '1'='1",
    "es\0",
    " es",
    "ES",
    "es\n",
    "",
    "0",
    "undefined",
    "keys",
  ])("by the kid %j is not found", (kid) => {
    expect(answerOf(verifier, keys.attacker.good({}, { kid }))).toBe("token_key_unknown");
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "size", "get"])(
    "by %s, which every object has, is not found",
    (kid) => {
      expect(answerOf(verifier, keys.attacker.good({}, { kid }))).toBe("token_key_unknown");
    },
  );
});

const ORDERS = {
  es: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  es384: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  es512:
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
};

describe.each(["es", "es384", "es512"] as const)("an ECDSA signature (%s; CVE-2022-21449 and its kin)", (name) => {
  const order = ORDERS[name];
  const size = { es: 32, es384: 48, es512: 66 }[name];
  const limit = (1n << BigInt(8 * size)) - 1n;
  const values: [string, bigint][] = [
    ["0", 0n],
    ["1", 1n],
    ["n - 1", order - 1n],
    ["n", order],
    ["n + 1", order + 1n],
    ["the largest", limit],
  ];
  it.each(values.flatMap(([r, rValue]) => values.map(([s, sValue]) => [r, s, rValue, sValue] as const)))(
    "with r = %s and s = %s is refused",
    (_, __, r, s) => {
      const signature = Buffer.concat([big(r, size), big(s, size)]);
      expect(answerOf(verifier, assembled(keys[name].header, signature))).toBe("token_signature_invalid");
    },
  );

  it("is refused in DER, with a part left out, or with n added to it", () => {
    const good = keys[name].good();
    const input = good.slice(0, good.lastIndexOf("."));
    const signature = Buffer.from(good.slice(input.length + 1), "base64url");
    const [r, s] = [signature.subarray(0, size), signature.subarray(size)];
    expect(answerOf(verifier, good)).toBe("accepted");
    const integer = (bytes: Buffer): Buffer => {
      const trimmed = Buffer.from(
        number(bytes)
          .toString(16)
          .replace(/^(.(..)*)$/, "0$1"),
        "hex",
      );
      const value = (trimmed[0] as number) > 127 ? Buffer.concat([Buffer.alloc(1), trimmed]) : trimmed;
      return Buffer.concat([Buffer.from([2, value.length]), value]);
    };
    const body = Buffer.concat([integer(r), integer(s)]);
    const der = Buffer.concat([
      body.length > 127 ? Buffer.from([0x30, 0x81, body.length]) : Buffer.from([0x30, body.length]),
      body,
    ]);
    const forms = [
      der,
      r,
      Buffer.concat([r, s, s]),
      Buffer.concat([Buffer.alloc(1), r, Buffer.alloc(1), s]),
      Buffer.concat([s, r]),
    ];
    if (number(r) + order <= limit) forms.push(Buffer.concat([big(number(r) + order, size), s]));
    if (number(s) + order <= limit) forms.push(Buffer.concat([r, big(number(s) + order, size)]));
    for (const form of forms) expect(answerOf(verifier, `${input}.${part(form)}`)).toBe("token_signature_invalid");
  });
});

describe("an Ed25519 signature", () => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const little = (value: bigint): Buffer => big(value, 32).reverse();

  it("has one form only: s + L is refused", () => {
    const good = keys.ed.good();
    const input = good.slice(0, good.lastIndexOf("."));
    const signature = Buffer.from(good.slice(input.length + 1), "base64url");
    const s = number(Buffer.from(signature.subarray(32)).reverse());
    expect(answerOf(verifier, `${input}.${part(Buffer.concat([signature.subarray(0, 32), little(s)]))}`)).toBe("accepted");
    for (let many = 1n; s + many * order < 2n ** 256n; many++) {
      const other = Buffer.concat([signature.subarray(0, 32), little(s + many * order)]);
      expect(answerOf(verifier, `${input}.${part(other)}`)).toBe("token_signature_invalid");
    }
  });

  it.each([
    ["nothing but zeros", Buffer.alloc(64)],
    ["the neutral point and zero", Buffer.concat([Buffer.from([1]), Buffer.alloc(63)])],
    ["nothing but ones", Buffer.alloc(64, 0xff)],
  ])("of %s is refused", (_, signature) => {
    expect(answerOf(verifier, assembled(keys.ed.header, signature))).toBe("token_signature_invalid");
  });
});

describe("an RSA signature", () => {
  const modulus = (key: TestKey): bigint => number(Buffer.from(key.signer.publicJwk.n as string, "base64url"));

  it.each(["rs", "ps"] as const)("of a trivial number is refused (%s)", (name) => {
    const n = modulus(keys[name]);
    for (const value of [0n, 1n, n - 1n, n, n + 1n, (1n << 2_048n) - 1n]) {
      expect(answerOf(verifier, assembled(keys[name].header, big(value, 256)))).toBe("token_signature_invalid");
    }
  });

  it("has one form only: neither shorter, nor longer, nor with the modulus added", () => {
    const good = keys.rs.good();
    const input = good.slice(0, good.lastIndexOf("."));
    const signature = Buffer.from(good.slice(input.length + 1), "base64url");
    const added = number(signature) + modulus(keys.rs);
    const forms = [
      signature.subarray(1),
      Buffer.concat([Buffer.alloc(1), signature]),
      big(added, added >> 2_048n > 0n ? 257 : 256),
    ];
    for (const form of forms) expect(answerOf(verifier, `${input}.${part(form)}`)).toBe("token_signature_invalid");
  });

  it("with a salt of another length than the digest's is refused (PS256)", () => {
    const privateKey = rsaPair(2_048).privateKey;
    const jwk = localSigner({ privateKey, alg: "PS256", kid: "k" }).publicJwk;
    const own = createVerifier({ keys: { keys: [jwk] }, issuer: ISSUER, audience: AUDIENCE, clock: () => NOW });
    const input = `${part({ alg: "PS256", kid: "k" })}.${part(goodClaims)}`;
    const token = (saltLength: number): string =>
      `${input}.${part(sign("sha256", Buffer.from(input), { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }))}`;
    expect(answerOf(own, token(32))).toBe("accepted");
    for (const saltLength of [0, 20, 64]) expect(answerOf(own, token(saltLength))).toBe("token_signature_invalid");
  });

  it("forged as a cube root under the exponent 3 is refused (Bleichenbacher 2006, CVE-2006-4339)", () => {
    const privateKey = generateKeyPairSync("rsa", { modulusLength: 2_048, publicExponent: 3 }).privateKey;
    const jwk = localSigner({ privateKey, alg: "RS256", kid: "k" }).publicJwk;
    const own = createVerifier({ keys: { keys: [jwk] }, issuer: ISSUER, audience: AUDIENCE, clock: () => NOW });
    const input = `${part({ alg: "RS256", kid: "k" })}.${part(goodClaims)}`;
    const digestInfo = `3031300d060960864801650304020105000420${createHash("sha256").update(input).digest("hex")}`;
    const wanted = BigInt(`0x${`0001ffffffffffffffff00${digestInfo}`.padEnd(512, "f")}`);
    const root = cubeRoot(wanted);
    // A verifier that does not look at what follows the digest would be content with this.
    expect((root ** 3n).toString(16).padStart(512, "0").startsWith(`0001ffffffffffffffff00${digestInfo}`)).toBe(true);
    expect(answerOf(own, `${input}.${part(big(root, 256))}`)).toBe("token_signature_invalid");
  });
});

describe("other tricks", () => {
  const good = (): string[] => keys.es.good().split(".");
  it.each<Attack>([
    ["an extension marked critical", () => keys.es.good({}, { crit: ["b64"], b64: false }), "token_header_refused"],
    ["compression", () => keys.es.good({}, { zip: "DEF" }), "token_header_refused"],
    ["alg named twice", () => keys.es.token('{"alg":"none","alg":"ES256","kid":"es"}', goodClaims), "token_malformed"],
    ["kid named twice", () => keys.es.token('{"alg":"ES256","kid":"rs","kid":"es"}', goodClaims), "token_malformed"],
    ["an endless token", () => `${good().join(".")}${"A".repeat(1e6)}`, "token_malformed"],
    ["a million dots", () => ".".repeat(1e6), "token_malformed"],
    ["the signature left out", () => `${good()[0]}.${good()[1]}.`, "token_signature_invalid"],
    [
      "a signature in plain base64, as system D wrote it",
      () => `${good()[0]}.${good()[1]}.${"A+/A".repeat(21)}AA`,
      "token_malformed",
    ],
    ["a character whose low byte is the right one", () => wide(keys.es.good(), 5), "token_malformed"],
    ["the same in the payload", () => wide(keys.es.good(), keys.es.good().indexOf(".") + 3), "token_malformed"],
    ["a refresh token's type", () => keys.es.good({}, { typ: "rt+jwt" }), "token_type_refused"],
  ])("%s is refused", (_, token, code) => {
    expect(answerOf(verifier, token())).toBe(code);
  });

  it("a header that was accepted before does not vouch for another token", () => {
    const own = verifierFor([keys.es]);
    const token = keys.es.good();
    expect(answerOf(own, token)).toBe("accepted");
    expect(answerOf(own, keys.attacker.good())).toBe("token_signature_invalid");
    expect(answerOf(own, keys.es.good({ exp: 1 }))).toBe("token_expired");
    expect(answerOf(own, token)).toBe("accepted");
  });

  it("a header that was refused before is judged again", () => {
    const own = verifierFor([keys.es]);
    expect(answerOf(own, keys.attacker.good())).toBe("token_signature_invalid");
    expect(answerOf(own, keys.es.good())).toBe("accepted");
  });

  it("more headers of one key than are remembered are all read rightly", () => {
    const own = verifierFor([keys.es]);
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 100; index++) expect(answerOf(own, keys.es.good({}, { index }))).toBe("accepted");
    }
  });
});

describe("an error", () => {
  it("says nothing of what the token holds", () => {
    const marker = "mArKeR";
    const tokens = [
      marker,
      `${marker}.${marker}.${marker}`,
      keys.es.token(`{"alg":"ES256",${marker}`, goodClaims),
      keys.es.token({ alg: marker, kid: "es" }, goodClaims),
      keys.es.good({}, { kid: marker }),
      keys.es.good({}, { typ: marker }),
      keys.es.token(`{"${marker}":1,"${marker}":2,"alg":"ES256","kid":"es"}`, goodClaims),
      keys.es.token(keys.es.header, `{"${marker}":1,"${marker}":2}`),
      keys.es.token(keys.es.header, `{"a":${marker}}`),
      keys.es.token(keys.es.header, Buffer.from([...Buffer.from(marker), 0xff])),
      keys.attacker.good({ sub: marker }),
      ...["iss", "aud"].map((name) => keys.es.good({ [name]: marker })),
      ...["exp", "nbf", "iat"].map((name) => keys.es.good({ [name]: marker })),
      keys.es.good({ aud: [marker, 1] }),
      keys.es.good({ sub: { [marker]: marker } }),
    ];
    for (const token of tokens) {
      const error = errorOf(() => verifier.verify(token));
      const told = [error.message, error.field, String(error.cause), error.stack?.split("\n")[0]].join("\n");
      expect(error.code).toMatch(/^token_/);
      expect(told).not.toContain(marker);
      expect(told).not.toContain(part(marker).slice(0, 6));
    }
  });
});

function errorOf(act: () => unknown): SignetError {
  try {
    act();
  } catch (error) {
    if (error instanceof SignetError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

function wide(token: string, at: number): string {
  return token.slice(0, at) + String.fromCharCode(token.charCodeAt(at) + 0x100) + token.slice(at + 1);
}

/** The largest integer whose cube is not larger. */
function cubeRoot(value: bigint): bigint {
  let low = 0n;
  let high = 1n << BigInt(Math.ceil(value.toString(2).length / 3) + 1);
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** 3n <= value) low = middle;
    else high = middle;
  }
  return low;
}
