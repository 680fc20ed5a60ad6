/** What an issuer's rotation looks like from outside. Times are seconds since the start. */
export interface Timeline {
  readonly name: string;
  readonly note: string;
  /** Each publication: the kids in the JWKS from then on. */
  readonly published: readonly { readonly time: number; readonly kids: ReadonlySet<string> }[];
  /** Each change of the key that a fresh issuer signs with. */
  readonly active: readonly { readonly time: number; readonly kid: string }[];
  /** When a key was revoked: its tokens may be refused from then on. */
  readonly revoked: ReadonlyMap<string, number>;
  readonly ttlSeconds: number;
  /** How long a warm issuer may go on with a key that it has read. */
  readonly warmSeconds: number;
}

export const DAY = 86_400;
export const HOUR = 3_600;

/** The same year for everybody: a rotation every thirty days, and three revocations. */
export const YEAR = {
  seconds: 365 * DAY,
  rotateEverySeconds: 30 * DAY,
  revocations: [100.3 * DAY, 200.6 * DAY, 301.1 * DAY],
} as const;

/** What holds at a time: the last entry that is not later. */
export function at<T extends { readonly time: number }>(entries: readonly T[], time: number): T | undefined {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle] as T).time <= time) low = middle + 1;
    else high = middle;
  }
  return entries[low - 1];
}
