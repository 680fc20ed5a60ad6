import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { RequestLog } from "../../src/http/request-context.js";
import type { Answered } from "../../src/server/listener.js";
import { createAnsweredLog } from "../../src/server/log.js";

const TIME = ',"time":"2026-11-27T12:00:00.000Z"';

function lineOf(status: number, log: RequestLog, address = "192.0.2.1"): string {
  let line = "";
  createAnsweredLog(
    (text) => {
      line += text;
    },
    () => TIME,
  )({ context: { address, log }, method: "POST", status, milliseconds: 1.23456, id: "7-1" } as Answered);
  return line;
}

/** The same line by pino, member by member. */
function byPino(level: "info" | "error", entry: Record<string, unknown>, message: string): string {
  let line = "";
  const write = (text: string) => {
    line += text;
  };
  const formatters = { level: (label: string) => ({ level: label }) };
  pino({ base: { pid: process.pid }, timestamp: () => TIME, formatters }, { write })[level](entry, message);
  return line;
}

describe("the line of a request", () => {
  it("is what pino would write, so that one reader reads the whole log", () => {
    const log = { route: "/issue", caller: "web", tokens: 1 };
    const members = {
      id: "7-1",
      method: "POST",
      route: "/issue",
      status: 200,
      ms: 1.235,
      address: "192.0.2.1",
      caller: "web",
      tokens: 1,
    };
    expect(lineOf(200, log)).toBe(byPino("info", members, "answered"));
  });

  it("is of the level error where the server has failed", () => {
    expect(JSON.parse(lineOf(500, { route: "/issue" }))).toMatchObject({ level: "error", msg: "failed", status: 500 });
    expect(JSON.parse(lineOf(499, {}))).toMatchObject({ level: "info", msg: "answered", route: "(none)" });
  });

  it("stays one line whatever stands in it", () => {
    const line = lineOf(200, { caller: 'a"\n{}' }, "fe80::1%\n");
    expect(line.match(/\n/g)).toHaveLength(1);
    expect(JSON.parse(line)).toMatchObject({ caller: 'a"\n{}', address: "fe80::1%\n" });
  });
});
