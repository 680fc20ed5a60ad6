import { PassThrough } from "node:stream";
import type { Command } from "commander";
import { describe, expect, it, vi } from "vitest";
import { configHints } from "../../src/cli/config-hints.js";
import type { Context } from "../../src/cli/context.js";
import { createProgram } from "../../src/cli/main.js";
import { createOutput } from "../../src/cli/output.js";
import { asArgument } from "../../src/encoding/shell-argument.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

// The build writes it in.
vi.hoisted(() => Object.assign(globalThis, { __SIGNET_VERSION__: "0.0.0" }));

const scratch = scratchDirectories();
const silent = new PassThrough() as unknown as NodeJS.WriteStream;
const context = { output: createOutput(silent, silent, {}, "signet"), env: {}, cwd: "/", self: "signet", logFd: 1 } as Context;
const hints = configHints("./bin/signet", "new");

describe("a command that is named where --config was given", () => {
  it.each([
    ["run `./bin/signet keys repair`, or wait", "run `./bin/signet keys repair --config new`, or wait"],
    [
      "`./bin/signet verify - < token` and `./bin/signet jwks`",
      "`./bin/signet verify --config new - < token` and `./bin/signet jwks --config new`",
    ],
    ["Next: ./bin/signet keys rotate", "Next: ./bin/signet keys rotate --config new"],
    ["  ./bin/signet restore --confirm", "  ./bin/signet restore --config new --confirm"],
    ["  ./bin/signet jwks          shows the public keys", "  ./bin/signet jwks --config new          shows the public keys"],
    [
      "`./bin/signet doctor --for iam` and `./bin/signet backup FILE`",
      "`./bin/signet doctor --config new --for iam` and `./bin/signet backup --config new FILE`",
    ],
    ["Next: ./bin/signet callers add web", "Next: ./bin/signet callers add --config new web"],
    ["run `./bin/signet init` to make one", "run `./bin/signet init --config new` to make one"],
  ])("is told on that config: %s", (words, told) => {
    expect(hints(words)).toBe(told);
  });

  it.each([
    "`./bin/signet issue --config other`",
    "elsewhere with `./bin/signet init --passphrase`",
    "`./bin/signet backup` printed the same",
    "`./bin/signet keys list --config other`, `./bin/signet doctor https://issuer.example`",
    "`./bin/signet cost`, `./bin/signet deploy Name=Value`, ./bin/signet keys",
    "`./bin/signetkeys list` `./bin/signet keys-of`",
  ])("stays as it is where it names one, or works on none: %s", (words) => {
    expect(hints(words)).toBe(words);
  });

  it.each(["a & b", "a  b", "a --config b", "a > b; c", "it's"])("keeps what is quoted in it as it is: %s", (kid) => {
    const quoted = asArgument(kid);
    for (const [before, after] of [
      ["`", "`"],
      ["  ", ""],
      ["Next: ", ""],
    ]) {
      const told = hints(`${before}./bin/signet keys rotate --uploaded ${quoted}${after}`);
      expect(told).toBe(`${before}./bin/signet keys rotate --config new --uploaded ${quoted}${after}`);
    }
  });

  it("is every one that takes --config", () => {
    const called = (command: Command): string => {
      const above = command.parent?.parent == null ? "" : `${command.parent.name()} `;
      return `${above}${command.name()}${command.registeredArguments.some(({ required }) => required) ? " WORD" : ""}`;
    };
    const all = (command: Command): Command[] => command.commands.flatMap((below) => [below, ...all(below)]);
    const takes = all(createProgram(context, [])).filter(({ options }) => options.some(({ long }) => long === "--config"));
    const lines = takes.map((command) => `\`./bin/signet ${called(command)}\``);
    expect(lines.length).toBeGreaterThan(35);
    expect(lines.filter((line) => !hints(line).includes(" --config new"))).toStrictEqual([]);
  });

  it("is told on a stack where it can work on one", () => {
    const onStack = configHints("signet", "stack:prod");
    expect(onStack("`signet keys tick`, `signet serve`")).toBe("`signet keys tick --config stack:prod`, `signet serve`");
  });

  it("names it so that a shell takes it as one word, and a terminal shows it", () => {
    expect(configHints("signet", "my; \u001b[1m'x")("`signet jwks`")).toBe("`signet jwks --config 'my; \\u001b[1m'\\''x'`");
  });

  it("is as it was where none was given", () => {
    expect(configHints("signet", undefined)("`signet jwks`")).toBe("`signet jwks`");
  });
});

describe("the command", () => {
  it("repeats --config in what is to be typed next, and in what it says when it fails, in whichever place it was given", async () => {
    const cwd = await scratch();
    const made = await signet(["init", "--issuer", "https://issuer.example", "--config", "new"], { cwd });
    expect(made.stderr).toContain("issue --config new sub=alice\n");
    expect((await signet(["--config", "none", "issue", "sub=a"], { cwd })).stderr).toMatch(/`\S*signet init --config none`/);
  });
});
