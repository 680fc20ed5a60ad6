/** The number that bytes are, the greatest first. */
export function numberOf(bytes: Iterable<number>): bigint {
  let digits = "0x0";
  for (const byte of bytes) digits += byte.toString(16).padStart(2, "0");
  return BigInt(digits);
}

/** How many bits a number has. */
export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}
