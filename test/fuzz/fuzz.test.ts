import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SignetError } from "../../src/errors.js";
import { cases } from "../contracts/matrix.js";
import { PRIVATE_VALUE } from "./grammar/words.js";
import { growthOf } from "./growth.js";
import { judgeLine, ours } from "./judge.js";
import { corpus, type Failure, keep, play } from "./play.js";
import { target } from "./target.js";
import { TARGETS } from "./targets/index.js";

const CORPUS = fileURLToPath(new URL("./corpus", import.meta.url));
const RUNS = cases(15);
/** The same inputs in every run, and others that nobody has seen yet. */
const SEEDS = [20_261_126, (Math.random() * 0x7fff_ffff) | 0];

function refuse(message: string, cause?: Error): never {
  throw new SignetError("invalid_request", message, { cause });
}

/** Says how to see it again, and keeps the input where there is somebody who commits it. */
function report(failure: Failure): string {
  const file = process.env.CI ? undefined : keep(CORPUS, failure);
  const again = `npm run proof:fuzz -- --only "${failure.target}" --seed ${failure.seed} --path ${failure.path}`;
  return `${failure.words}\nagain: ${again}${file === undefined ? "" : `\nkept in ${file}`}`;
}

describe("whatever comes to a front door, nothing but our own errors leaves it:", () => {
  it.each(TARGETS)("$name", async (target) => {
    const runs = Math.ceil(RUNS * (target.share ?? 1));
    for (const seed of SEEDS) {
      const failure = await play(target, { seed, runs });
      expect(failure === undefined ? "" : report(failure)).toBe("");
    }
  });
});

describe("a promise that is broken is seen, with the smallest input that breaks it:", () => {
  const sending = (send: (given: string) => unknown) => play(target("it", fc.string(), send), { seed: 1, runs: 20 });

  it.each<[string, () => unknown, string]>([
    ["an error that is none of ours", () => JSON.parse(""), "no error of ours"],
    ["a secret in a message", () => refuse(`the key ${PRIVATE_VALUE} is bad`), "it repeats what is hidden"],
    ["a secret in a cause", () => refuse("it is bad", new Error(PRIVATE_VALUE)), "it repeats what is hidden"],
    ["a value of the program in a message", () => refuse("undefined is bad"), "a value of the program"],
    ["a message without an end", () => refuse("x".repeat(9_000)), "a message of 8192 characters"],
  ])("%s", async (_what, work, words) => {
    expect(await sending(() => ours(work))).toMatchObject({ words: expect.stringContaining(words), kept: "" });
  });

  it("a line of a log that is more than a line, or tells what is private", async () => {
    expect(await sending(() => judgeLine('{"a":1}\n{"b":2}\n'))).toMatchObject({
      words: expect.stringContaining("more than a line"),
    });
    expect(await sending(() => judgeLine(`{"a":"${PRIVATE_VALUE}"}\n`))).toMatchObject({
      words: expect.stringContaining("hidden"),
    });
  });

  it("a cost that grows with the square of the length", async () => {
    const measure = { lengths: [512, 1_024, 2_048, 4_096], leastMicroseconds: 1_000 };
    const again = (text: string) => {
      for (let at = 0; at < text.length; at++)
        for (let from = 0; from < text.length; from++) if (text.charCodeAt(from) === 0x78) return;
    };
    expect(await growthOf({ send: again as never }, "ab", 0, measure)).toContain("characters it takes");
    expect(await growthOf({ send: ((text: string) => [...text]) as never }, "ab", 0)).toBeUndefined();
  });
});

describe("what once failed is met rightly:", () => {
  it.each(corpus(CORPUS))("$target: $why", async ({ target, input }) => {
    const found = TARGETS.find(({ name }) => name === target);
    await expect(Promise.resolve().then(() => found?.send(input as never))).resolves.not.toThrow();
    expect(found).toBeDefined();
  });
});
