import fc from "fast-check";

/** An element of DER (X.690) that can be changed: its parts, or its bytes where it has none. */
interface Element {
  readonly tag: number;
  /** What stands before the parts: the count of unused bits in a bit string. */
  readonly prefix: Buffer;
  readonly content: readonly Element[] | Buffer;
  readonly form: LengthForm;
}

/** How a length is written: rightly, too small or large, left open, or in more digits than it takes. */
type LengthForm = "right" | "less" | "more" | "huge" | "open" | "padded" | "five digits" | "cut off";

interface Change {
  readonly at: number;
  readonly kind: "tag" | "length" | "leave out" | "twice" | "bytes" | "nest" | "swap";
  readonly tag: number;
  readonly form: LengthForm;
  readonly bytes: Uint8Array;
}

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(60),
  kind: fc.constantFrom("tag", "length", "length", "leave out", "twice", "bytes", "nest", "swap"),
  tag: fc.oneof(fc.constantFrom(0x02, 0x03, 0x04, 0x05, 0x06, 0x30, 0xa0, 0xa1, 0x1f), fc.nat(255)),
  form: fc.constantFrom("less", "more", "huge", "open", "padded", "five digits", "cut off"),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom(new Uint8Array(), Buffer.alloc(9, 0xff), Buffer.alloc(300, 1), Buffer.from("80", "hex")),
  ),
});

/** Bytes that another one stands for. */
const flips = fc.array(fc.tuple(fc.nat(1_300), fc.nat(255)), { maxLength: 2 });

/** DER that was right, with up to three of its elements changed in whatever depth, and up to two of its bytes. */
export function changedDer(right: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return fc.tuple(right, fc.array(change, { maxLength: 3 }), flips).map(([given, changes, flipped]) => {
    const bytes = Buffer.from(write(changes.reduce((root, each) => changedAt(root, each), elementOf(given))));
    for (const [at, byte] of flipped) if (bytes.length > 0) bytes[at % bytes.length] = byte;
    return bytes;
  });
}

const bytesOf = (content: Element["content"]) => (Buffer.isBuffer(content) ? content : Buffer.concat(content.map(write)));

function elementOf(bytes: Buffer): Element {
  const [only] = elementsIn(bytes) ?? [];
  return only ?? { tag: 0x04, prefix: Buffer.alloc(0), content: bytes, form: "right" };
}

function elementsIn(bytes: Buffer): Element[] | undefined {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [tag, first] = [bytes[at] ?? 0, bytes[at + 1] ?? 0];
    const digits = first > 0x80 ? first - 0x80 : 0;
    if (digits > 3 || at + 2 + digits > bytes.length) return undefined;
    const length = digits === 0 ? first : bytes.readUIntBE(at + 2, digits);
    const from = at + 2 + digits;
    if (first === 0x80 || from + length > bytes.length) return undefined;
    found.push(withParts(tag, bytes.subarray(from, from + length)));
    at = from + length;
  }
  return found;
}

function withParts(tag: number, body: Buffer): Element {
  const isWrapper = tag === 0x03 || tag === 0x04 || (tag & 0x20) !== 0;
  const skipped = tag === 0x03 ? 1 : 0;
  const parts = isWrapper && body.length > skipped ? elementsIn(body.subarray(skipped)) : undefined;
  return {
    tag,
    prefix: parts === undefined ? Buffer.alloc(0) : body.subarray(0, skipped),
    content: parts ?? body,
    form: "right",
  };
}

function write({ tag, prefix, content, form }: Element): Buffer {
  const body = Buffer.concat([prefix, bytesOf(content)]);
  const written = Buffer.concat([Buffer.of(tag), lengthBytes(body.length, form), body]);
  return form === "cut off" ? written.subarray(0, -1) : written;
}

function lengthBytes(length: number, form: LengthForm): Buffer {
  const long = (digits: number, value = length) => {
    const bytes = Buffer.alloc(digits + 1);
    bytes[0] = 0x80 + digits;
    bytes.writeUIntBE(value, 1, digits);
    return bytes;
  };
  const plain = (value: number) => (value < 0x80 ? Buffer.of(value) : long(value < 0x100 ? 1 : value < 0x1_0000 ? 2 : 3, value));
  if (form === "less") return plain(Math.max(0, length - 1));
  if (form === "more") return plain(length + 1);
  if (form === "huge") return Buffer.from("84ffffffff", "hex");
  if (form === "open") return Buffer.of(0x80);
  if (form === "padded") return long(4);
  return form === "five digits" ? long(5) : plain(length);
}

function count({ content }: Element): number {
  return Buffer.isBuffer(content) ? 1 : content.reduce((sum, each) => sum + count(each), 1);
}

function changedAt(root: Element, given: Change): Element {
  let left = given.at % count(root);
  const walk = (each: Element): Element[] => {
    if (left-- === 0) return applied(each, given);
    return [Buffer.isBuffer(each.content) ? each : { ...each, content: each.content.flatMap(walk) }];
  };
  return walk(root)[0] ?? { ...root, content: Buffer.alloc(0) };
}

function applied(each: Element, { kind, tag, form, bytes }: Change): Element[] {
  if (kind === "leave out") return [];
  if (kind === "twice") return [each, each];
  if (kind === "tag") return [{ ...each, tag }];
  if (kind === "length") return [{ ...each, form }];
  if (kind === "nest") return [{ ...each, tag: 0x30, prefix: Buffer.alloc(0), content: [each] }];
  if (kind === "swap" && !Buffer.isBuffer(each.content)) return [{ ...each, content: each.content.toReversed() }];
  return [{ ...each, content: Buffer.from(bytes) }];
}
