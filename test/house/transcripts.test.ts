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
  const drills = [...transcriptNames().filter(isOfHandbook), ...fakeTranscriptNames()];

  test.each(drills)("%s begins in a new folder, and hides no failure to make its issuer before it destroys something", (name) => {
    const [first, ...others] = recorded(name)
      .split("\n")
      .filter((line) => line.startsWith("$ "));
    expect(first).toBe('$ PATH="$PWD/bin:$PATH"; cd "$(mktemp -d)"');
    const destroys = others.some((line) => /(^\$ |&& )(rm|mv|sed -i) /.test(line));
    const hiding = others.filter((line) => /signet init[^|]*2> \/dev\/null/.test(line));
    expect(destroys ? hiding : []).toStrictEqual([]);
    expect(others.filter((line) => line.includes("./bin/signet"))).toStrictEqual([]);
  });
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

  test("is compared without what differs each time, and only that", () => {
    expect(masked("at 2026-01-02 03:04:05 UTC: eyJh.eyJi.c-_d, kid 123e4567-e89b-42d3-a456-426614174000")).toBe(
      "at <time>: <token>, kid <uuid>",
    );
    expect(masked("alg ES256, valid for 15 minutes")).toBe("alg ES256, valid for 15 minutes");
  });
});
