import { durationInWords } from "./durations.js";

/** A NumericDate as people read it: "2026-11-23 02:45:37 UTC". Dates beyond what a calendar shows are left as numbers. */
export function dateInWords(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime())
    ? String(seconds)
    : date
        .toISOString()
        .replace("T", " ")
        .replace(/\.\d+Z$/, " UTC");
}

/** Where a NumericDate lies from now: "in 14 minutes", "2 hours ago", "now". */
export function fromNow(seconds: number, now: number): string {
  const apart = Math.trunc(seconds - now);
  if (apart === 0) return "now";
  return apart > 0 ? `in ${durationInWords(apart)}` : `${durationInWords(apart)} ago`;
}

/** The months' names, January first. */
export const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAY_SECONDS = 86_400;

/**
 * The day of a NumericDate as people say it, in UTC: "today at 14:05 UTC", "tomorrow at 02:00 UTC", "yesterday", "on 12 March", and with its
 * year where that is another one.
 */
export function dayInWords(seconds: number, now: number): string {
  const date = new Date(seconds * 1_000);
  const today = new Date(now * 1_000);
  if (Number.isNaN(date.getTime()) || Number.isNaN(today.getTime())) return `at ${seconds}`;
  const daysApart = Math.floor(seconds / DAY_SECONDS) - Math.floor(now / DAY_SECONDS);
  const clock = `at ${date.toISOString().slice(11, 16)} UTC`;
  if (daysApart === 0) return `today ${clock}`;
  if (daysApart === 1) return `tomorrow ${clock}`;
  if (daysApart === -1) return "yesterday";
  const day = `on ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  return date.getUTCFullYear() === today.getUTCFullYear() ? day : `${day} ${date.getUTCFullYear()}`;
}
