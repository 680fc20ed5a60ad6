import { MONTHS } from "../encoding/times-in-words.js";

/** A mark of the calendar on a line of time. Times are NumericDates; the calendar is UTC's. */
interface Tick {
  readonly at: number;
  readonly words: string;
  /** True where a larger unit begins: a day among hours, a month among days, a year among months. */
  readonly isMajor: boolean;
}

type Unit = "minute" | "hour" | "day" | "month" | "year";

const SECONDS = { minute: 60, hour: 3_600, day: 86_400, month: 30.44 * 86_400, year: 365.25 * 86_400 };

/** Steps from which the finest that leaves room is taken. A week's step begins on Mondays. */
const STEPS: readonly (readonly [Unit, number])[] = [
  ["minute", 1],
  ["minute", 5],
  ["minute", 15],
  ["hour", 1],
  ["hour", 3],
  ["hour", 6],
  ["hour", 12],
  ["day", 1],
  ["day", 2],
  ["day", 7],
  ["day", 14],
  ["month", 1],
  ["month", 3],
  ["month", 6],
  ["year", 1],
  ["year", 2],
  ["year", 5],
  ["year", 10],
  ["year", 50],
  ["year", 100],
];

/**
 * Marks where the calendar turns, as many as leave room for their words.
 *
 * @param most at most about so many
 */
export function ticksOf(from: number, until: number, most: number): Tick[] {
  const span = Math.max(1, until - from);
  const fits = ([unit, count]: readonly [Unit, number]) => span / (SECONDS[unit] * count) <= Math.max(1, most);
  const [unit, count] = STEPS.find(fits) ?? (["year", roundYears(span / SECONDS.year / Math.max(1, most))] as const);
  const ticks: Tick[] = [];
  let at = firstOf(from, unit, count);
  while (at <= until && ticks.length < most + 2) {
    if (at >= from) ticks.push({ at, ...saidOf(at, unit) });
    at = nextOf(at, unit, count);
  }
  return ticks;
}

/** The next power of ten. */
function roundYears(years: number): number {
  return 10 ** Math.ceil(Math.log10(years));
}

function firstOf(from: number, unit: Unit, count: number): number {
  const date = new Date(from * 1_000);
  const year = date.getUTCFullYear();
  if (unit === "year") return Date.UTC(Math.floor(year / count) * count, 0) / 1_000;
  if (unit === "month") return Date.UTC(year, Math.floor(date.getUTCMonth() / count) * count) / 1_000;
  const step = SECONDS[unit] * count;
  // 1970 began on a Thursday.
  const origin = unit === "day" && count % 7 === 0 ? 4 * SECONDS.day : 0;
  return Math.ceil((from - origin) / step) * step + origin;
}

function nextOf(at: number, unit: Unit, count: number): number {
  const date = new Date(at * 1_000);
  if (unit === "year") return Date.UTC(date.getUTCFullYear() + count, 0) / 1_000;
  if (unit === "month") return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + count) / 1_000;
  return at + SECONDS[unit] * count;
}

function saidOf(at: number, unit: Unit): Omit<Tick, "at"> {
  const date = new Date(at * 1_000);
  const month = (MONTHS[date.getUTCMonth()] ?? "").slice(0, 3);
  const year = String(date.getUTCFullYear());
  if (unit === "year") return { words: year, isMajor: true };
  if (unit === "month") return date.getUTCMonth() === 0 ? { words: year, isMajor: true } : { words: month, isMajor: false };
  const day = `${date.getUTCDate()} ${month}`;
  if (unit === "day") return { words: day, isMajor: date.getUTCDate() === 1 };
  const isMidnight = at % SECONDS.day === 0;
  return isMidnight ? { words: day, isMajor: true } : { words: date.toISOString().slice(11, 16), isMajor: false };
}

/** A day as a calendar has it: "12 March", with its year where that is another one, with its hour where it is within a day and a half. */
export function calendarDay(at: number, now: number): string {
  const date = new Date(at * 1_000);
  if (Number.isNaN(date.getTime())) return String(at);
  const day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  const year = date.getUTCFullYear();
  if (year !== new Date(now * 1_000).getUTCFullYear()) return `${day} ${year}`;
  return Math.abs(at - now) < 1.5 * SECONDS.day ? `${day}, ${date.toISOString().slice(11, 16)} UTC` : day;
}

/** The same where there is little room: "12 Mar". */
export function shortDay(at: number, now: number): string {
  return calendarDay(at, now)
    .replace(/[A-Z][a-z]+/, (month) => month.slice(0, 3))
    .replace(" UTC", "");
}
