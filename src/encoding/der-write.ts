/** One element of DER (X.690): a tag, and what it holds. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), lengthOf(body.length), body]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const digits = bytesOf(length);
  return Buffer.of(0x80 + digits.length, ...digits);
}

// Big-endian, without leading zeros.
function bytesOf(value: number): number[] {
  return value < 0x100 ? [value] : [...bytesOf(Math.floor(value / 0x100)), value % 0x100];
}

/** An object identifier, such as "1.2.840.113549". */
export function derOid(name: string): Buffer {
  const [first = 0, second = 0, ...others] = name.split(".").map(Number);
  return der(0x06, Buffer.from([first * 40 + second, ...others].flatMap(septets)));
}

// Seven bits a byte; every byte but the last one has its highest bit set.
function septets(value: number): number[] {
  const digits: number[] = [];
  for (let left = value; left > 0 || digits.length === 0; left = Math.floor(left / 0x80)) {
    digits.unshift((left % 0x80) + (digits.length === 0 ? 0 : 0x80));
  }
  return digits;
}

/** An instant as certificates write it: UTCTime until 2049, then GeneralizedTime (RFC 5280 section 4.1.2.5). */
export function derTime(seconds: number): Buffer {
  const digits = `${new Date(seconds * 1_000).toISOString().replace(/\D/g, "").slice(0, 14)}Z`;
  return digits < "2050" ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}
