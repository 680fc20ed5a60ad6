import { describe, expect, it } from "vitest";
import { calendarDay, shortDay, ticksOf } from "../../src/look/calendar.js";

const at = (text: string) => Date.parse(`${text}Z`) / 1_000;
const said = (from: string, until: string, most: number) => ticksOf(at(from), at(until), most).map(({ words }) => words);

describe("ticks of the calendar", () => {
  it("begin where months begin, whatever their lengths", () => {
    expect(said("2027-01-20T10:00", "2027-05-02T00:00", 6)).toStrictEqual(["Feb", "Mar", "Apr", "May"]);
  });

  it("call January by its year, and make it stand out", () => {
    const ticks = ticksOf(at("2026-11-20T00:00"), at("2027-02-20T00:00"), 5);
    expect(ticks.map(({ words, isMajor }) => [words, isMajor])).toStrictEqual([
      ["Dec", false],
      ["2027", true],
      ["Feb", false],
    ]);
  });

  it("stand on Mondays where weeks are counted", () => {
    for (const { at: time } of ticksOf(at("2026-11-01T00:00"), at("2026-12-10T00:00"), 7)) {
      expect(new Date(time * 1_000).getUTCDay()).toBe(1);
    }
  });

  it("say hours within a day, and the day at midnight", () => {
    expect(said("2026-11-27T17:10", "2026-11-28T07:00", 5)).toStrictEqual(["18:00", "21:00", "28 Nov", "03:00", "06:00"]);
  });

  it("turn on leap days as the calendar does", () => {
    expect(said("2028-02-27T12:00", "2028-03-02T12:00", 6)).toStrictEqual(["28 Feb", "29 Feb", "1 Mar", "2 Mar"]);
  });

  it.each([
    ["a minute", 60],
    ["a day", 86_400],
    ["a month", 2_600_000],
    ["three years", 94_608_000],
    ["five centuries", 15_778_800_000],
    ["ten millennia", 315_576_000_000],
  ])("are at most as many as have room, also over %s", (_, span) => {
    for (const most of [1, 3, 12]) {
      const ticks = ticksOf(1_795_000_000, 1_795_000_000 + span, most);
      expect(ticks.length).toBeLessThanOrEqual(most + 2);
      expect(ticks.every(({ at: time }) => time >= 1_795_000_000 && time <= 1_795_000_000 + span)).toBe(true);
    }
  });
});

describe("a day in words", () => {
  const now = at("2026-11-27T08:15");

  it.each([
    ["2026-12-12T03:00", "12 December", "12 Dec"],
    ["2027-03-12T03:00", "12 March 2027", "12 Mar 2027"],
    ["2026-11-27T09:30", "27 November, 09:30 UTC", "27 Nov, 09:30"],
    ["2026-05-01T00:00", "1 May", "1 May"],
  ])("of %s is %s", (time, words, short) => {
    expect(calendarDay(at(time), now)).toBe(words);
    expect(shortDay(at(time), now)).toBe(short);
  });

  it("is a number beyond what a calendar shows", () => {
    expect(calendarDay(9e15, now)).toBe("9000000000000000");
  });
});
