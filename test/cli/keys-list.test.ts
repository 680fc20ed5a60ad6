import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { drawTimeline } from "../../src/operator/key-timeline.js";
import { timelineSvg } from "../../src/operator/key-timeline-svg.js";
import type { KeyLives } from "../../src/rotation/forecast/key-lives.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();
const DAY = 86_400;
const NOW = 1_800_000_000;

const LIVES: KeyLives = {
  now: NOW,
  from: NOW - 10 * DAY,
  until: NOW + 10 * DAY,
  lives: [
    {
      name: "gone",
      alg: "",
      spans: [{ phase: "active", from: NOW - 10 * DAY, to: NOW - 5 * DAY }],
      end: "revoked",
      isPlanned: false,
    },
    {
      name: "signing",
      alg: "ES256",
      spans: [
        { phase: "pending", from: NOW - 10 * DAY, to: NOW - 5 * DAY },
        { phase: "active", from: NOW - 5 * DAY, to: NOW + 5 * DAY },
        { phase: "retired", from: NOW + 5 * DAY, to: NOW + 7 * DAY },
      ],
      end: "removed",
      isPlanned: false,
    },
    {
      name: "new key 1",
      alg: "ES256",
      spans: [{ phase: "pending", from: NOW + 5 * DAY, to: NOW + 10 * DAY }],
      end: null,
      isPlanned: true,
    },
  ],
  planned: [{ at: NOW + 5 * DAY, words: "make a standby key (ES256, file)" }],
};

const drawn = (columns: number) => drawTimeline(LIVES, { columns, hasUnicode: false, hasColor: false });

describe("the timeline of keys in a terminal", () => {
  it("draws every phase as long as it is, with the present marked and a revocation crossed", () => {
    expect(drawn(51).slice(0, 4)).toStrictEqual([
      "           2027-01-05          |now      2027-01-25",
      "gone       ##########x         |",
      "signing    ::::::::::####################----",
      "new key 1                      |         ::::::::::",
    ]);
  });

  it.each([120, 80, 51, 40])("never draws beyond %i columns", (columns) => {
    for (const line of drawn(columns)) expect(line.length).toBeLessThanOrEqual(Math.max(columns, 78));
    for (const line of drawn(columns).slice(0, 4)) expect(line.length).toBeLessThanOrEqual(columns);
  });

  it("says in words what is planned where a terminal is too narrow to draw", () => {
    expect(drawn(30)[0]).toBe("the timeline needs 35 columns");
    expect(drawn(30).join("\n")).toContain("in 5 days: make a standby key");
  });
});

describe("the picture", () => {
  it("escapes what it is told, and names each key's whole story", () => {
    const svg = timelineSvg(LIVES, 'https://a.example/?"<&');
    expect(svg).toContain("https://a.example/?&quot;&lt;&amp;");
    expect(svg).toContain("active from 10 January; retired from 20 January; removed 22 January");
  });

  it("shows a name by what it is made of, and obeys no mark in it", () => {
    const [gone] = LIVES.lives;
    const svg = timelineSvg({ ...LIVES, lives: gone === undefined ? [] : [{ ...gone, name: "<b>\u202egpj" }] }, null);
    expect(svg).toContain("&lt;b&gt;\\u202egpj");
    expect(svg).not.toMatch(/<b>|\u202e/);
  });

  it("is light or dark by preference, and asks for nothing from elsewhere", () => {
    const svg = timelineSvg(LIVES, "https://a.example");
    expect(svg).toContain("@media (prefers-color-scheme:dark)");
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/href|@import|url\((?!#)|<script|http:/);
  });
});

describe("signet keys list", () => {
  it("draws what the planner foresees: the next rotation, and the key that is made for it", async () => {
    const cwd = await scratch();
    await signet(["init", "--issuer", "https://issuer.example"], { cwd });
    const ran = await signet(["keys", "list", "--timeline", "--svg", "keys.svg"], { cwd });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/planned, while ticks run:\n.*make a standby key .*\n.*activate key \S+\n.*remove key \S+\n$/);
    expect(ran.stdout).toContain("new key 1");
    expect(await readFile(join(cwd, "keys.svg"), "utf8")).toContain("Keys of https://issuer.example");
    // Scripts get the table alone.
    expect((await signet(["keys", "list"], { cwd })).stdout.trimEnd().split("\n")).toHaveLength(3);
  });
});
