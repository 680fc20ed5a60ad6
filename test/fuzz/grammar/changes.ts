import fc from "fast-check";
import { anyCharacter } from "../../contracts/any-text.js";
import { json, name } from "./words.js";

/** What happens to one place of a value on its way: the place is counted from the outside in, in the order of the members. */
interface Change {
  readonly at: number;
  readonly kind: "replace" | "leave out" | "rename" | "list" | "twice" | "wrap";
  readonly value: unknown;
  readonly name: string;
}

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(120),
  kind: fc.constantFrom("replace", "replace", "leave out", "rename", "list", "twice", "wrap"),
  value: json,
  name,
});

/** A value of JSON that was right, with up to three changes in whatever depth. */
export function changed(right: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .tuple(right, fc.array(change, { maxLength: 3 }))
    .map(([value, changes]) => changes.reduce<unknown>((whole, each) => withChange(whole, each), value));
}

/** How many places a value has: itself, and all that it holds. */
export function places(value: unknown): number {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return 1;
  return Object.values(value).reduce<number>((sum, each) => sum + places(each), 1);
}

/** The value with one of its places rebuilt. */
export function rebuilt(value: unknown, at: number, rebuild: (place: unknown) => unknown): unknown {
  let left = at;
  const walk = (each: unknown): unknown => {
    if (left-- === 0) return rebuild(each);
    if (typeof each !== "object" || each === null || ArrayBuffer.isView(each) || left < 0) return each;
    if (Array.isArray(each)) return each.map(walk);
    return Object.fromEntries(Object.entries(each).map(([key, member]) => [key, walk(member)]));
  };
  return walk(value);
}

function withChange(whole: unknown, { at, kind, value, name: other }: Change): unknown {
  return rebuilt(whole, at % places(whole), (place) => {
    if (kind === "replace") return value;
    if (kind === "list") return [place];
    if (kind === "twice") return [place, place];
    if (kind === "wrap") return Object.fromEntries([[other, place]]);
    if (typeof place !== "object" || place === null || Array.isArray(place)) return kind === "leave out" ? null : value;
    const entries = Object.entries(place);
    const chosen = at % Math.max(1, entries.length);
    const kept = kind === "leave out" ? [] : [[other, entries[chosen]?.[1]]];
    return Object.fromEntries([...entries.filter((_, index) => index !== chosen), ...kept]);
  });
}

/** Pieces that texts of all kinds are made of, and that readers look for. */
const PIECES = [
  "-----BEGIN PRIVATE KEY-----",
  "-----END PRIVATE KEY-----",
  "-----BEGIN ",
  "-----",
  "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n",
  "\\n",
  "\\\\",
  "\\u002b",
  "\\ud800",
  "\n",
  "\r",
  '"',
  "'",
  "{",
  "}",
  "[",
  '{"a":',
  ",",
  ":",
  "=",
  "\ufeff",
  "\u0000",
  "\u001b[2J",
  "MIIB",
  "1e999",
];

/** A text that was right, in which up to three times something was cut out, put in, or repeated. */
export function damaged(right: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const damage = fc.record({
    at: fc.nat(4_000),
    length: fc.oneof(fc.nat(3), fc.nat(4_000)),
    kind: fc.constantFrom("cut out", "put in", "repeat", "end"),
    piece: fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: anyCharacter, maxLength: 4 })),
  });
  return fc.tuple(right, fc.array(damage, { maxLength: 3 })).map(([whole, all]) =>
    all.reduce((present, { at, length, kind, piece }) => {
      const from = present.length === 0 ? 0 : at % (present.length + 1);
      const [before, middle, after] = [present.slice(0, from), present.slice(from, from + length), present.slice(from + length)];
      if (kind === "cut out") return before + after;
      if (kind === "end") return before;
      return kind === "repeat" ? before + middle.repeat(3) + after : before + piece + middle + after;
    }, whole),
  );
}
