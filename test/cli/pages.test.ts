import { existsSync } from "node:fs";
import { PassThrough } from "node:stream";
import type { Command } from "commander";
import { describe, expect, test, vi } from "vitest";
import type { Context } from "../../src/cli/context.js";
import { withKidLast } from "../../src/cli/key-commands.js";
import { createProgram } from "../../src/cli/main.js";
import { createOutput } from "../../src/cli/output.js";
import { codeBlocks } from "../../tools/docs.mjs";
import { repositoryFiles, textOf } from "../house/repository.js";
import { shellCommands } from "./shell-words.js";

// The build writes it in.
vi.hoisted(() => Object.assign(globalThis, { __SIGNET_VERSION__: "0.0.0" }));

const scripts = (JSON.parse(textOf("package.json")) as { scripts: Record<string, string> }).scripts;
const silent = new PassThrough() as unknown as NodeJS.WriteStream;
const context = { output: createOutput(silent, silent, {}, "signet"), env: {}, cwd: "/", self: "signet", logFd: 1 } as Context;

const IS_LACKING = /missing required argument|argument missing|required option .* not specified/;

/** Takes a command apart as the command line does, and runs nothing. @returns what is wrong with it */
async function fault(argv: readonly string[]): Promise<string | undefined> {
  const program = createProgram(context, argv);
  const quiet = (command: Command): void => {
    command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined, outputError: () => undefined });
    if (command.commands.length === 0) command.action(() => undefined);
    for (const below of command.commands) quiet(below);
  };
  quiet(program);
  try {
    await program.parseAsync(withKidLast(argv), { from: "user" });
    return undefined;
  } catch (error) {
    const { message, code } = error as { message: string; code: string };
    return /help|version/i.test(code) ? undefined : message;
  }
}

/** What is wrong with a command of a page, if it is one that this repository knows. */
async function faultOf(words: readonly string[]): Promise<string | false | undefined> {
  const start = words.findIndex((word) => !/^(\w+=.*|sudo|exec|nohup|npx|if|then|else|while|until|do|!)$/s.test(word));
  const [name = "", ...rest] = words.slice(Math.max(start, 0));
  if (name === "npm" && rest[0] === "run") return scripts[rest[1] ?? ""] === undefined ? "there is no such script" : undefined;
  if (name === "node" && rest[0]?.startsWith("tools/")) return existsSync(rest[0]) ? undefined : "there is no such tool";
  return /^(.*\/)?signet$/.test(name) ? await fault(rest) : false;
}

interface Typed {
  readonly place: string;
  readonly words: readonly string[];
  /** In a sentence a command may be named without what it needs. */
  readonly isNamed: boolean;
}

function typedIn(page: string): Typed[] {
  const text = textOf(page);
  const blocks = codeBlocks(text);
  const shown = blocks.filter(({ language }) => ["text", "sh", "console", "bash"].includes(language));
  const inBlocks = shown.flatMap(({ line, language, text: block }) => {
    const typed = language === "console" ? typedOf(block) : block;
    // What is no shell, a drawing or an answer, has no command that is known here.
    return /(^|[\s(/])signet |npm run |node tools\//.test(typed)
      ? shellCommands(typed).map((words) => ({ place: `${page}:${line}`, words, isNamed: false }))
      : [];
  });
  const prose = text.split("\n").flatMap((line, index) => {
    if (blocks.some(({ line: start, end }) => index + 1 >= start && index + 1 <= end)) return [];
    const spans = [...line.matchAll(/`((?:signet|npm run|node tools\/)[^`]*)`/g)].map(([, code = ""]) => code);
    return spans
      .filter((code) => !/…|\.\.\.( |$)/.test(code))
      .flatMap((code) => shellCommands(code))
      .map((words) => ({ place: `${page}:${index + 1}`, words, isNamed: true }));
  });
  return [...inBlocks, ...prose];
}

function typedOf(session: string): string {
  const typed = session.split("\n").filter((line) => line.startsWith("$ "));
  return typed.map((line) => line.slice(2)).join("\n");
}

describe("the commands that the pages show", () => {
  test("are commands of today, with options of today", async () => {
    const pages = repositoryFiles("README.md", "docs/*.md", "examples/*.md", "CONTRIBUTING.md", "SECURITY.md");
    const faults: string[] = [];
    let judged = 0;
    for (const { place, words, isNamed } of pages.flatMap(typedIn)) {
      const found = await faultOf(words);
      if (found !== false) judged++;
      if (typeof found === "string" && !(isNamed && IS_LACKING.test(found)))
        faults.push(`${place}: ${words.join(" ")}: ${found}`);
    }
    expect(faults).toStrictEqual([]);
    expect(judged).toBeGreaterThan(700);
  });

  test.each([
    ["signet keys rotat", "rotat"],
    ["signet keys rotate --froce", "--froce"],
    ["npm run proof:nothing", "no such script"],
    ["node tools/nothing.mjs", "no such tool"],
    ['A=$(signet issue --no-such-option sub=a) && echo "$A"', "--no-such-option"],
  ])("are found where they are not: %s", async (line, word) => {
    const faults = await Promise.all(shellCommands(line).map(faultOf));
    expect(faults.join("\n")).toContain(word);
  });
});
