import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { fakeTranscriptNames, masked, recorded, replayed, replayedOnFake, transcriptNames } from "../../tools/transcripts.mjs";
import { some } from "../contracts/matrix.js";
import { QUICK_PASSPHRASES } from "../contracts/quick-passphrases.mjs";

const hasCurl = spawnSync("curl", ["--version"]).status === 0;
const isOfHandbook = (name: string): boolean => name.startsWith("operations-");
const [withCurl, others] = [true, false].map((wanted) =>
  transcriptNames().filter((name) => !isOfHandbook(name) && recorded(name).includes("$ curl") === wanted),
);
const ofHandbook = some(2, transcriptNames().filter(isOfHandbook));

describe("the sessions that the pages show", () => {
  test.skipIf(!hasCurl).each(withCurl ?? [])("%s: its commands still answer so", (name) => {
    expect(masked(replayed(recorded(name)))).toBe(masked(recorded(name)));
  });

  test.each(others ?? [])("%s: its commands still answer so", (name) => {
    expect(masked(replayed(recorded(name)))).toBe(masked(recorded(name)));
  });

  test.each(ofHandbook)("%s of the handbook: its commands still answer so", (name) => {
    const more = { NODE_OPTIONS: QUICK_PASSPHRASES };
    expect(masked(replayed(recorded(name), more))).toBe(masked(recorded(name)));
  });

  test.each(some(1, fakeTranscriptNames()))("%s: its commands still answer so, on the strict fake of AWS", async (name) => {
    expect(masked(await replayedOnFake(recorded(name)))).toBe(masked(recorded(name)));
  });
});

describe("the drills of the handbook", () => {
  const FIRST = `$ unset SIGNET_CONFIG $(env | grep -o '^SIGNET_[A-Z0-9_]*'); PATH="$PWD/bin:$PATH"; cd "$(mktemp -d)"`;
  const drills = [...transcriptNames().filter(isOfHandbook), ...fakeTranscriptNames()];

  test.each(fakeTranscriptNames())("%s is in a bucket that is called a drill's", (name) => {
    const named = [...recorded(name).matchAll(/s3:\/\/[\w./-]+|--bucket [\w-]+/g)].map(([text]) => text);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((each) => !/^(s3:\/\/|--bucket )my-drill-/.test(each))).toStrictEqual([]);
  });

  test.each(drills)(
    "%s begins in a new folder, without settings of the shell's, and hides no failure to make its issuer",
    (name) => {
      const [first, ...others] = recorded(name)
        .split("\n")
        .filter((line) => line.startsWith("$ "));
      expect(first).toBe(FIRST);
      // What is destroyed afterwards would be of an issuer that was there.
      expect(others.filter((line) => /signet init[^|]*(2>|&>)/.test(line))).toStrictEqual([]);
      expect(others.filter((line) => line.includes("./bin/signet"))).toStrictEqual([]);
    },
  );
});

describe("a session", () => {
  test("is played command by command in one folder, both streams in their order", () => {
    const session = "$ echo one > file; echo out; echo err >&2\nold answer\n$ cat file; ls bin/signet\n";
    expect(replayed(session)).toBe(
      "$ echo one > file; echo out; echo err >&2\nout\nerr\n$ cat file; ls bin/signet\none\nbin/signet\n",
    );
  });

  test("goes on in the folder and with the PATH to which a line has led, and leaves nothing there", () => {
    const session = '$ PATH="$PWD/bin:$PATH"; cd "$(mktemp -d)"\n$ pwd > here; cat here; command -v signet\n';
    expect(replayed(session)).toBe(`${session}.\n./bin/signet\n`);
  });

  test("of the handbook is played without settings of the shell's, also where there are none", () => {
    const [first = ""] = recorded("operations-losses.txt").split("\n");
    const session = `${first}; env | grep -c ^SIGNET_\n`;
    for (const settings of [{}, { SIGNET_CONFIG: "/etc/signet", SIGNET_ISSUER: "https://own.example" }]) {
      expect(replayed(session, settings)).toBe(`${session}0\n`);
    }
  });

  test("is compared without what differs each time, and only that", () => {
    expect(masked("at 2026-01-02 03:04:05 UTC: eyJh.eyJi.c-_d, kid 123e4567-e89b-42d3-a456-426614174000")).toBe(
      "at <time>: <token>, kid <uuid>",
    );
    expect(masked("alg ES256, valid for 15 minutes")).toBe("alg ES256, valid for 15 minutes");
  });
});
