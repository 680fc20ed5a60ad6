const SEQUENCE = 0x30;
const INTEGER = 0x02;

/**
 * Turns an ECDSA signature from DER (SEC 1 section C.5) into JWS form (RFC 7518 section 3.4): r and s side by side, each padded on
 * the left to the curve's length.
 *
 * @param bytes length of the answer
 * @returns `undefined` for what is not the DER of two positive numbers that fit
 */
export function ecdsaFromDer(der: Uint8Array, bytes: number): Buffer | undefined {
  const sequence = content(der, 0, SEQUENCE);
  if (sequence === undefined || sequence.end !== der.length) return undefined;
  const r = content(der, sequence.start, INTEGER);
  const s = r && content(der, r.end, INTEGER);
  if (r === undefined || s === undefined || s.end !== der.length) return undefined;
  const out = Buffer.alloc(bytes);
  const half = bytes / 2;
  return place(out, half, der.subarray(r.start, r.end)) && place(out, bytes, der.subarray(s.start, s.end)) ? out : undefined;
}

/** Turns an ECDSA signature from JWS form into DER: what `ecdsaFromDer` undoes. */
export function ecdsaToDer(signature: Uint8Array): Buffer {
  const half = signature.length / 2;
  const body = Buffer.concat([integer(signature.subarray(0, half)), integer(signature.subarray(half))]);
  return Buffer.concat([Buffer.from(body.length < 0x80 ? [SEQUENCE, body.length] : [SEQUENCE, 0x81, body.length]), body]);
}

function integer(bytes: Uint8Array): Buffer {
  const first = Math.min(bytes.findIndex((byte) => byte !== 0) >>> 0, bytes.length - 1);
  const digits = bytes.subarray(first);
  const sign = (digits[0] as number) >= 0x80 ? [0] : [];
  return Buffer.from([INTEGER, sign.length + digits.length, ...sign, ...digits]);
}

// A length takes one byte up to 127; two suffice for P-521, the longest.
function content(der: Uint8Array, at: number, tag: number): { start: number; end: number } | undefined {
  if (der[at] !== tag) return undefined;
  const first = der[at + 1] ?? 0x80;
  const [start, length] = first === 0x81 ? [at + 3, der[at + 2] ?? 0] : [at + 2, first];
  return length > 0 && (first < 0x80 || length >= 0x80) && start + length <= der.length
    ? { start, end: start + length }
    : undefined;
}

function place(out: Buffer, end: number, number: Uint8Array): boolean {
  // A leading zero says that the number is positive; DER has it only where it is needed.
  const [first = 0, second = 0] = number;
  const isPadded = first === 0 && number.length > 1;
  const digits = isPadded ? number.subarray(1) : number;
  if (first >= 0x80 || (isPadded && second < 0x80) || digits.length > out.length / 2) return false;
  out.set(digits, end - digits.length);
  return true;
}
