// RFC 8032 section 5.1: -x² + y² = 1 + dx²y².
const ED25519_PRIME = 2n ** 255n - 19n;
const ED25519_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/** y of the points whose order divides the cofactor, 8: of each one the signature R = 1, S = 0 is good for one message in eight. */
const SMALL_ORDER: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  ED25519_PRIME - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
]);

/** What is wrong with an encoded point of Ed25519: it is not canonical, has a small order, or is not of the curve. */
export function pointFault(encoded: Uint8Array): "form" | "small" | "curve" | undefined {
  if (encoded.length !== 32) return "form";
  let y = 0n;
  // Its highest bit is the sign of x.
  for (let index = 31; index >= 0; index--) y = y * 256n + BigInt((encoded[index] as number) & (index === 31 ? 0x7f : 0xff));
  if (SMALL_ORDER.has(y % ED25519_PRIME)) return "small";
  if (y >= ED25519_PRIME) return "form";
  const square = (y * y) % ED25519_PRIME;
  const quotient = ((square - 1n) * (ED25519_D * square + 1n)) % ED25519_PRIME;
  return isSquare(quotient) ? undefined : "curve";
}

// The quotient of two numbers is a square where their product is. Jacobi's symbol tells it several times as fast as Euler's criterion:
// a JWKS may list thousands of keys.
function isSquare(value: bigint): boolean {
  let top = ((value % ED25519_PRIME) + ED25519_PRIME) % ED25519_PRIME;
  let bottom = ED25519_PRIME;
  let sign = 1;
  while (top !== 0n) {
    let twos = 0;
    for (; (top & 1n) === 0n; top >>= 1n) twos++;
    const rest = Number(bottom & 7n);
    if (twos % 2 === 1 && (rest === 3 || rest === 5)) sign = -sign;
    if (rest % 4 === 3 && (top & 3n) === 3n) sign = -sign;
    [top, bottom] = [bottom % top, top];
  }
  return sign === 1;
}
