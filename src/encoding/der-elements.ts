/** One element of DER (X.690): its tag, what it holds, and where it ends in what was read. */
export interface DerElement {
  readonly tag: number;
  readonly body: Buffer;
  readonly end: number;
}

export const DER = { integer: 0x02, bitString: 0x03, octetString: 0x04, oid: 0x06, sequence: 0x30, explicit0: 0xa0 } as const;

/** Reads the element that begins at an offset; `undefined` where it is cut off, or is none. Only lengths up to four bytes are known. */
export function derElement(bytes: Uint8Array, start = 0): DerElement | undefined {
  const [tag, first] = [bytes[start], bytes[start + 1]];
  if (tag === undefined || first === undefined) return undefined;
  let at = start + 2;
  let length = first;
  if (first >= 0x80) {
    const digits = first - 0x80;
    if (digits === 0 || digits > 4) return undefined;
    length = 0;
    for (let digit = 0; digit < digits; digit++, at++) length = length * 256 + (bytes[at] ?? Number.NaN);
  }
  const end = at + length;
  if (!(end <= bytes.length)) return undefined;
  return { tag, body: Buffer.from(bytes.buffer, bytes.byteOffset + at, length), end };
}

/** The elements that stand one after another in a body; `undefined` where they are not whole. */
export function derElements(body: Uint8Array): readonly DerElement[] | undefined {
  const elements: DerElement[] = [];
  for (let at = 0; at < body.length; at = elements.at(-1)?.end ?? body.length) {
    const element = derElement(body, at);
    if (element === undefined) return undefined;
    elements.push(element);
  }
  return elements;
}
