import fc from "fast-check";
import { places, rebuilt } from "./grammar/changes.js";
import type { Target } from "./target.js";

interface Measure {
  readonly lengths: readonly number[];
  /** Of the longest text less processor time is worth no look. */
  readonly leastMicroseconds: number;
}

/** Lengths of one text, each twice the one before: linear cost doubles each time, quadratic cost is four times as much. */
const LENGTHS = [8_192, 16_384, 32_768, 65_536] as const;
/** Between the eightfold of linear cost and the 64-fold of quadratic cost, with the noise of a machine that does something else. */
const MAX_GROWTH = 8 ** 1.5;
/** Quadratic cost of the longest text would take a second. */
const MEASURE: Measure = { lengths: LENGTHS, leastMicroseconds: 30_000 };
/** A text that the failure of a long one is told with. */
const MAX_TOLD = 2_000;
const LOOKS = 5;
/** Before so many a growth that is small is not believed: the first texts meet code that is not compiled yet. */
const LEAST_LOOKS = 3;

/**
 * Makes one place of an input long, the longer ones again and again by the same piece, and holds the cost in processor time to what is
 * linear. What is worth no look is not looked at.
 *
 * @returns the growth that was too much
 */
export async function growthOf(
  { send }: Pick<Target, "send">,
  input: unknown,
  at: number,
  { lengths, leastMicroseconds } = MEASURE,
): Promise<string | undefined> {
  try {
    if ((await microseconds(send, pumped(input, at, lengths.at(-1) ?? 0))) < leastMicroseconds) return undefined;
  } catch (error) {
    return told(`where one place is long: ${(error as Error).message}`, input, at);
  }
  const least = lengths.map(() => Number.POSITIVE_INFINITY);
  for (let look = 0; look < LOOKS; look++) {
    for (const [index, length] of lengths.entries())
      least[index] = Math.min(least[index] ?? 0, await microseconds(send, pumped(input, at, length)));
    const [shortest = 1, longest = 0] = [least[0], least.at(-1)];
    if (look + 1 >= LEAST_LOOKS && (longest < leastMicroseconds || longest / Math.max(shortest, 1) < MAX_GROWTH))
      return undefined;
  }
  return told(
    `for ${lengths.join(", ")} characters it takes ${least.map((each) => `${Math.round(each / 1_000)} ms`).join(", ")}`,
    input,
    at,
  );
}

function told(words: string, input: unknown, at: number): string {
  return `${words}\nplace ${at} of ${fc.stringify(input).slice(0, MAX_TOLD)}`;
}

async function microseconds(send: Target["send"], input: unknown): Promise<number> {
  const before = process.cpuUsage();
  await send(input as never);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** An input, one place of which is of about that length. */
function pumped(input: unknown, at: number, length: number): unknown {
  return rebuilt(input, at % places(input), (place) => longer(place, at, length));
}

function longer(place: unknown, at: number, length: number): unknown {
  if (typeof place === "string") {
    const from = place.length === 0 ? 0 : at % place.length;
    const piece = place.slice(from, from + 1 + (at % 40)) || "a";
    return place.slice(0, from) + piece.repeat(Math.ceil(length / piece.length)) + place.slice(from);
  }
  if (Buffer.isBuffer(place)) {
    const from = place.length === 0 ? 0 : at % place.length;
    const piece = place.length === 0 ? Buffer.of(0x30) : place.subarray(from, from + 1 + (at % 40));
    return Buffer.concat([place.subarray(0, from), Buffer.alloc(length, piece), place.subarray(from)]);
  }
  if (typeof place !== "object" || place === null) return "1".repeat(length);
  const times = (items: unknown) => Math.ceil(length / Math.max(4, fc.stringify(items).length));
  if (Array.isArray(place)) return Array.from({ length: times(place) }, () => (place.length === 0 ? [[]] : place)).flat();
  const copies = Array.from({ length: times(place) }, (_, copy) =>
    Object.entries(place).map(([name, each]) => [`${name}${copy}`, each]),
  );
  return Object.fromEntries([
    ...Object.entries(place),
    ...(copies.flat().length > 0 ? copies.flat() : [["a".repeat(length), 1]]),
  ]);
}
