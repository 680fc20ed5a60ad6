import { describe, expect, it } from "vitest";
import { configHints } from "../../src/cli/config-hints.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();
const hints = configHints("./bin/signet", "new");

describe("a command that is named where --config was given", () => {
  it.each([
    ["run `./bin/signet keys repair`, or wait", "run `./bin/signet keys repair --config new`, or wait"],
    [
      "`./bin/signet verify - < token` and `./bin/signet jwks`",
      "`./bin/signet verify - --config new < token` and `./bin/signet jwks --config new`",
    ],
    ["Next: ./bin/signet keys rotate", "Next: ./bin/signet keys rotate --config new"],
    ["  ./bin/signet restore --confirm", "  ./bin/signet restore --confirm --config new"],
    ["  ./bin/signet jwks          shows the public keys", "  ./bin/signet jwks --config new          shows the public keys"],
    ["run `./bin/signet init` to make one", "run `./bin/signet init --config new` to make one"],
  ])("is told on that config: %s", (words, told) => {
    expect(hints(words)).toBe(told);
  });

  it.each([
    "`./bin/signet issue --config other`",
    "elsewhere with `./bin/signet init --passphrase`",
    "`./bin/signet backup` printed the same",
    "`./bin/signet cost`, `./bin/signet deploy Name=Value`, ./bin/signet keys",
    "`./bin/signetkeys list` `./bin/signet keys-of`",
  ])("stays as it is where it names one, or works on none: %s", (words) => {
    expect(hints(words)).toBe(words);
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
    expect(made.stderr).toContain("issue sub=alice --config new\n");
    expect((await signet(["--config", "none", "issue", "sub=a"], { cwd })).stderr).toMatch(/`\S*signet init --config none`/);
  });
});
