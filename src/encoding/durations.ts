import { SignetError } from "../errors.js";

const UNIT_SECONDS = new Map([
  ["s", 1],
  ["m", 60],
  ["h", 3_600],
  ["d", 86_400],
  ["w", 604_800],
]);

/**
 * Reads a duration as people type it: `90` or `90s`, `10m`, `1h30m`, `7d`, `2w`.
 *
 * @param text the duration
 * @param name what it is for, in errors: "--ttl"
 * @returns whole seconds, at least 0
 * @throws SignetError `usage`
 */
export function parseDuration(text: string, name: string): number {
  const whole = /^\d{1,12}$/.test(text) ? Number(text) : undefined;
  const seconds = whole ?? sumOfParts(text);
  if (seconds === undefined || !Number.isSafeInteger(seconds)) {
    throw new SignetError("usage", `${name} must be a duration such as 90s, 10m, 1h30m or 7d`, { field: name });
  }
  return seconds;
}

function sumOfParts(text: string): number | undefined {
  if (!/^(\d{1,9}[smhdw])+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g)) seconds += Number(count) * (UNIT_SECONDS.get(unit ?? "") ?? 0);
  return seconds;
}

const SCALES: readonly [number, string][] = [
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
  [1, "second"],
];

/** Says a span of seconds in words, in its two largest units: "14 minutes", "1 day 2 hours". The sign is dropped. */
export function durationInWords(seconds: number): string {
  let rest = Math.abs(Math.trunc(seconds));
  const words: string[] = [];
  for (const [scale, unit] of SCALES) {
    const count = Math.floor(rest / scale);
    if (count === 0 && (words.length === 0 ? scale !== 1 : true)) {
      if (words.length > 0) break;
      continue;
    }
    words.push(`${count} ${unit}${count === 1 ? "" : "s"}`);
    rest -= count * scale;
    if (words.length === 2) break;
  }
  return words.join(" ");
}
