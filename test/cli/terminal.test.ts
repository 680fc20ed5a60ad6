import { Buffer } from "node:buffer";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { table } from "../../src/cli/table.js";
import { visible } from "../../src/errors.js";
import { wordsOf } from "../../src/server/log.js";
import { anyCharacter } from "../contracts/any-text.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();
/** Clears the screen, turns text round, begins lines, rings: C0, C1, ESC, DEL, bidi marks, separators. */
const HOSTILE = "a\u001b[2J\u009b31m\u202eb\u2066c\u200fd\r\n9  forged\u0085e\u2028f\u2029g\u0007\u007f\u061ch\ud800";
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("text for a terminal", () => {
  it("has nothing that a terminal obeys, and is one line, whatever it is made of", () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (text) => {
        expect(visible(text)).not.toMatch(UNSEEN);
      }),
    );
    expect(visible("a\u001b[0m\n\u202e\u{e0001}b")).toBe("a\\u001b[0m\\u000a\\u202e\\udb40\\udc01b");
    expect(visible("déjà vu, 東京 ▒ 😀")).toBe("déjà vu, 東京 ▒ 😀");
  });

  it("stands in columns as wide as it is shown", () => {
    const [, first, second] = table(
      ["a", "b"],
      [
        ["\u001b", "x"],
        ["", "y"],
      ],
    );
    expect(first?.indexOf("x")).toBe(second?.indexOf("y"));
  });

  it("is what the server's log for a terminal has", () => {
    const line = wordsOf({ time: "2026-11-25T10:00:00Z", level: "info", msg: HOSTILE, route: HOSTILE, failure: { at: HOSTILE } });
    expect(line).toMatch(/\n$/);
    expect(line.slice(0, -1)).not.toMatch(UNSEEN);
  });
});

describe("the command", () => {
  let cwd: string;
  beforeAll(async () => {
    cwd = await scratch();
    expect((await signet(["init", "--issuer", "http://localhost:7117"], { cwd })).code).toBe(0);
  });
  const clean = (text: string) => expect(text.replaceAll("\n", "")).not.toMatch(UNSEEN);

  it("shows no forged line of history for a reason with line feeds, and tells programs the reason as it is", async () => {
    const reason = HOSTILE.replace("\ud800", "");
    const { kid } = (JSON.parse((await signet(["jwks"], { cwd })).stdout) as { keys: { kid: string }[] }).keys[0] as {
      kid: string;
    };
    const revoked = await signet(["keys", "revoke", kid, "--reason", reason, "--yes"], { cwd });
    expect(revoked.code, revoked.stderr).toBe(0);
    clean(revoked.stdout + revoked.stderr);
    const machine = JSON.parse((await signet(["keys", "history", "--json"], { cwd })).stdout) as { entries: { why?: string }[] };
    expect(machine.entries.map(({ why }) => why)).toContain(reason);
    const { stdout } = await signet(["keys", "history"], { cwd });
    clean(stdout);
    expect(stdout.trimEnd().split("\n")).toHaveLength(machine.entries.length + 1);
    for (const command of [
      ["keys", "explain"],
      ["keys", "list", "--timeline"],
      ["keys", "list"],
    ]) {
      const { stdout, stderr } = await signet(command, { cwd });
      clean(stdout + stderr);
    }
  });

  it("shows a token's header and claims, and obeys none of them", async () => {
    const token = `${encoded({ alg: "ES256", kid: HOSTILE.slice(0, -1) })}.${encoded({ sub: HOSTILE.slice(0, -1) })}.AA`;
    const { stdout, stderr } = await signet(["inspect", token], { cwd });
    clean(stdout + stderr);
    expect(stdout).toContain("\\u202e");
    const machine = (await signet(["inspect", token, "--json"], { cwd })).stdout;
    clean(machine);
    const { claims } = JSON.parse(machine) as { claims: { sub: string } };
    expect(claims.sub).toBe(HOSTILE.slice(0, -1));
  });

  it.each([
    ["an unknown command", ["\u001b[2J\u202e"]],
    ["an unknown option", ["issue", "--\u001b[2J\u202e"]],
    ["a claim that is none", ["issue", "\u001b[2J\u202e:=x"]],
    ["no key", ["keys", "revoke", "\u001b[2J\u202e", "--yes"]],
    ["no token", ["verify", "\u001b[2J\u202e", "--audience", "a"]],
    ["no caller", ["callers", "add", "\u001b[2J\u202e"]],
    ["no URL", ["doctor", "\u001b[2J\u202e"]],
    ["no file", ["issue", "--config", "\u001b[2J\u202e\n"]],
  ])("names %s as visible text", async (_what, args) => {
    const { code, stdout, stderr } = await signet(args, { cwd });
    expect(code).not.toBe(0);
    clean(stdout + stderr);
  });

  it("writes a PEM as it is", async () => {
    const { stdout } = await signet(["keys", "pem", "--current"], { cwd });
    expect(stdout).toMatch(/^-----BEGIN PUBLIC KEY-----\n[\s\S]+\n-----END PUBLIC KEY-----\n$/);
  });
});
