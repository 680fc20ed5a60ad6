import { spawnSync } from "node:child_process";
import { parseSync } from "oxc-parser";
import { describe, expect, it } from "vitest";
import { issueCommands } from "../../src/operator/issue-commands.js";

const HOSTILE = 'it\'s $(touch /tmp/x) `id` "q" \\ \n\u0000\u202e\u2028😀 ${a} %s';
const REQUEST = { claims: { sub: HOSTILE, [HOSTILE]: [HOSTILE], ["__proto__"]: 1 }, ttl: 600, setIat: true, typ: "at+jwt" };
const SERVER = { url: "https://issuer.example/a" };
const FUNCTION = { functionArn: "arn:aws:lambda:eu-central-1:111122223333:function:signet", alias: "web" };
const named = (place: Parameters<typeof issueCommands>[1], more = {}) =>
  Object.fromEntries(issueCommands(REQUEST, place, { self: "signet", ...more }).map(({ name, text }) => [name, text]));

/** The words that a shell makes of a command, told by a function in the place of its program. */
function wordsOf(command: string): string[] {
  const name = command.split(" ")[0] ?? "";
  const script = `${name}() { printf '%s\\000' "$@"; }; ${command}`;
  const { stdout, status } = spawnSync("sh", ["-c", script], {
    encoding: "utf8",
    env: { CALLER_SECRET: "s", PATH: process.env.PATH ?? "" },
  });
  expect(status).toBe(0);
  return stdout.split("\0").slice(0, -1);
}

describe("how a token is asked for elsewhere", () => {
  it("is the same request for each shell command, whatever its claims hold", () => {
    const { signet = "", curl = "" } = named(SERVER);
    const signetWords = wordsOf(signet);
    expect(JSON.parse(signetWords[2] ?? "")).toStrictEqual(JSON.parse(JSON.stringify(REQUEST.claims)));
    expect(signetWords.filter((_, index) => index !== 2)).toStrictEqual([
      "issue",
      "--claims",
      "--ttl",
      "600s",
      "--iat",
      "--typ",
      "at+jwt",
    ]);
    const curlWords = wordsOf(curl);
    expect(curlWords[1]).toBe("https://issuer.example/a/issue");
    expect(curlWords).toContain("Authorization: Bearer s");
    expect(JSON.parse(curlWords.at(-1) ?? "")).toStrictEqual(JSON.parse(JSON.stringify(REQUEST)));
    const aws = wordsOf(named(FUNCTION)["AWS CLI"] ?? "");
    expect(aws[aws.indexOf("--function-name") + 1]).toBe(`${FUNCTION.functionArn}:web`);
    expect(JSON.parse(aws[aws.indexOf("--payload") + 1] ?? "")).toStrictEqual(JSON.parse(JSON.stringify(REQUEST)));
  });

  it.each([
    ["a server", SERVER],
    ["a function", FUNCTION],
  ])("is a program of each language, for %s, in ASCII alone", (_, place) => {
    const texts = named(place);
    expect(parseSync("a.mjs", texts.Node ?? "").errors).toStrictEqual([]);
    // The same literal is one in each of these languages.
    const literal = JSON.stringify(JSON.stringify(JSON.parse(JSON.stringify(REQUEST))));
    const ascii = JSON.stringify(
      JSON.stringify(REQUEST).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
    );
    expect(literal).not.toBe(ascii);
    for (const language of ["Node", "Python", "Go", "Java"]) expect(texts[language], language).toContain(ascii);
    for (const text of Object.values(texts)) expect(text).toMatch(/^[\x20-\x7e\n\t]*$/);
  });

  it("is the command's own within the issuer's limits alone, and of a stack as a caller too", () => {
    expect(named(SERVER, { caller: "web" })).not.toHaveProperty("signet");
    const there = named(FUNCTION, { caller: "web", config: "stack:signet" });
    expect(wordsOf(there.signet ?? "").slice(-4)).toStrictEqual(["--config", "stack:signet", "--caller", "web"]);
    expect(wordsOf(named(SERVER, { config: "my folder/signet.json" }).signet ?? "").slice(-2)).toStrictEqual([
      "--config",
      "my folder/signet.json",
    ]);
  });
});
