import { durationInWords } from "../../encoding/durations.js";
import { fromNow } from "../../encoding/times-in-words.js";
import { calendarDay } from "../../look/calendar.js";
import { endOf, type Lane, spanAt } from "../../look/lanes.js";
import { PHASE_WORDS } from "../../look/theme.js";

/** The phases of a key's life, each in a sentence: what it is, from when to when, and how far that is. The present one comes first. */
export function turnsOf(lane: Lane, now: number): string[] {
  const course = lane.ghost ?? lane;
  const { spans: lived, end } = course;
  const turns = lived.map(({ phase, from, to }, index) => {
    const isOpen = index === lived.length - 1 && end === null;
    const until = isOpen ? "no end is planned" : `until ${calendarDay(to, now)}, ${durationInWords(to - from)}`;
    return `${PHASE_WORDS[phase]} from ${calendarDay(from, now)} (${fromNow(from, now)}); ${until}`;
  });
  const ended = endOf(course);
  if (ended !== undefined) turns.push(`${end} ${calendarDay(ended, now)} (${fromNow(ended, now)})`);
  const present = spanAt(course, now);
  const at = present === undefined ? 0 : lived.indexOf(present);
  return [...turns.slice(at), ...turns.slice(0, at)];
}
