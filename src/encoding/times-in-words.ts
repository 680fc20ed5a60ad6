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
