import { describe, expect, it } from "vitest";
import { checkConfig } from "../../src/config/load.js";
import { createIssuer, type IssuerOptions } from "../../src/issue/issuer.js";
import { settingsOf } from "../../src/lambda/shared/settings.js";
import { checkTokens } from "../../src/operator/stack-change.js";
import { readTokens, type Tokens } from "../../src/settings/tokens.js";

const signer = { kid: "k", alg: "ES256", sign: () => Buffer.alloc(64) } as unknown as IssuerOptions["signer"];
const THUMBPRINT = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";

/** Every door through which they come in. */
const DOORS: Readonly<Record<string, (tokens: Tokens) => unknown>> = {
  "signet.json": (tokens) => checkConfig({ tokens }, "/signet.json", { env: {} }),
  createIssuer: (tokens) => createIssuer({ signer, tokens }),
  SIGNET_TOKENS: (tokens) => settingsOf({ SIGNET_INSTALLATION: "a", SIGNET_TOKENS: JSON.stringify(tokens) }),
  "the parameter Tokens": (tokens) => checkTokens(JSON.stringify(tokens)),
};

const WRONG: readonly (readonly [object, RegExp])[] = [
  [{ is: "a" }, /\bis\b.*did you mean iss\?/],
  [{ typ: false }, /typ\b.*not a member/],
  [{ iss: "" }, /iss\b.*1 to 512 characters/],
  [{ iss: "a".repeat(513) }, /iss\b.*1 to 512 characters/],
  [{ iss: 1234 }, /iss\b.*a text/],
  [{ iss: "a{b}" }, /iss\b.*\{fingerprint\} may stand once/],
  [{ iss: "{fingerprint}{fingerprint}" }, /iss\b.*may stand once/],
  [{ iss: "{fingerprint" }, /iss\b/],
  [{ iss: "a\nb" }, /iss\b/],
  [{ iss: "a\u001b[2J" }, /iss\b/],
  [{ iss: "a\ud800" }, /iss\b/],
  [{ iat: -1 }, /iat\b/],
  [{ iat: 301 }, /iat\b/],
  [{ iat: 1.5 }, /iat\b/],
  [{ iat: true }, /iat\b/],
  [{ jti: "yes" }, /jti\b.*true or false/],
  [{ exp: 0 }, /exp\b.*true or false/],
  [{ kid: "none" }, /kid\b.*true or false/],
  [{ kids: ["ABC"] }, /kids\b.*an object/],
  [{ kids: { short: "ABC" } }, /kids\b.*thumbprint/],
  [{ kids: { [THUMBPRINT]: " ABC" } }, /kids\b.*printable ASCII/],
  [{ kids: { [THUMBPRINT]: "A\u001b[2J" } }, /kids\b.*printable ASCII/],
  [{ kids: { [THUMBPRINT]: "" } }, /kids\b.*printable ASCII/],
  [{ kids: { [THUMBPRINT]: "a".repeat(257) } }, /kids\b.*printable ASCII/],
  [{ kids: { [THUMBPRINT]: 1 } }, /kids\b.*printable ASCII/],
  [{ certificates: [] }, /certificates\b.*an object/],
  [{ certificates: { k: "short" } }, /certificates\b.*43 characters/],
  [{ certificates: { k: `${THUMBPRINT.slice(0, -1)}1` } }, /certificates\b.*43 characters/],
  [{ certificates: { k: 43 } }, /certificates\b.*43 characters/],
];

describe.each(Object.entries(DOORS))("tokens through %s", (_, open) => {
  it.each(WRONG)("that are %j are refused, and the message names the member", (tokens, message) => {
    expect(() => open(tokens as Tokens)).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }));
  });

  it.each([[[]], ["60"], [5]])("that are %j are none", (tokens) => {
    expect(() => open(tokens as never)).toThrow();
  });

  it.each<[Tokens]>([
    [{}],
    [{ iss: "12345", iat: 60, kid: false }],
    [{ iss: "ACCOUNT.ÜSER😀.{fingerprint}", iat: 0 }],
    [{ iss: "a".repeat(512) }],
    [{ iat: 300, jti: true, exp: false }],
    [{ jti: false, exp: true, kid: true }],
    [{ kids: { [THUMBPRINT]: "ABC123DEFG" } }],
    [{ kids: { [THUMBPRINT]: "A" } }],
    [{ kids: {} }],
    [{ certificates: { "k-1": THUMBPRINT } }],
  ])("that are %j are taken", (tokens) => {
    expect(() => open(tokens)).not.toThrow();
  });
});

describe("an iss that is typed", () => {
  const typed = [DOORS["signet.json"], DOORS["the parameter Tokens"]] as const;

  it.each([" ", "\u00a0 ", "ACCOUNT\u200b", "\u202eabc", "a\u2028b", "a\u2029b", "\ufeffa", "a\u{e0041}"])(
    "is seen, as %j is not",
    (iss) => {
      for (const open of typed)
        expect(() => open?.({ iss })).toThrow(/iss has (nothing but spaces|a character that is not seen)/);
    },
  );

  it("may have spaces between words", () => {
    for (const open of typed) expect(() => open?.({ iss: "my issuer" })).not.toThrow();
  });
});

it("a member that JSON can hold and a copy cannot name is no kid by accident", () => {
  const certificates = JSON.parse(`{"__proto__":"${THUMBPRINT}"}`) as Record<string, string>;
  expect(Object.keys(readTokens({ certificates }).certificates ?? {})).toStrictEqual(["__proto__"]);
});

it("each member is read once: a getter cannot give another value later", () => {
  let asked = 0;
  const tokens = Object.defineProperty({}, "iss", { enumerable: true, get: () => (asked++ === 0 ? "12345" : "{}") });
  expect(readTokens(tokens)).toStrictEqual({ iss: "12345" });
});
