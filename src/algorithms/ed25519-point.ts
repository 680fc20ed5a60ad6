import { numberOf } from "../encoding/number-of.js";

// RFC 8032 section 5.1: -x² + y² = 1 + dx²y², where d = -A/B.
const PRIME = 2n ** 255n - 19n;
const A = 121_665n;
const B = 121_666n;

/** What is wrong with an encoded point of Ed25519: it is not canonical, has a small order, or is not of the curve. */
export function pointFault(encoded: Uint8Array): "form" | "small" | "curve" | undefined {
  if (encoded.length !== 32) return "form";
  // Its highest bit is the sign of x.
  const y = BigInt.asUintN(255, numberOf([...encoded].reverse()));
  const square = (y * y) % PRIME;
  // Points whose order divides the cofactor, 8: of each one the signature R = 1, S = 0 is good for one message in eight. Those of order 4
  // have y = 0, of order 1 and 2 y² = 1; what is twice one of order 8 has y = 0, so x² = -y², and dy⁴ + 2y² = 1.
  if ((square * (square - 1n) * (A * square ** 2n - 2n * B * square + B)) % PRIME === 0n) return "small";
  if (y >= PRIME) return "form";
  // x² = (y² - 1) / (dy² + 1). The quotient of two numbers is a square where their product is; so are B² and -1.
  return isSquare(((square - 1n) * (A * square - B) * B) % PRIME) ? undefined : "curve";
}

// Jacobi's symbol tells it several times as fast as Euler's criterion: a JWKS may list thousands of keys.
function isSquare(value: bigint): boolean {
  let isOdd = false;
  for (let [top, bottom] = [value, PRIME]; top !== 0n; [top, bottom] = [bottom % top, top]) {
    // 2 is no square where the other is 3 or 5 by 8.
    for (; (top & 1n) === 0n; top >>= 1n) isOdd = isOdd !== (((bottom + 2n) & 4n) !== 0n);
    // Quadratic reciprocity: both are 3 by 4.
    isOdd = isOdd !== ((top & bottom & 2n) !== 0n);
  }
  return !isOdd;
}
