import { describe, expect, it } from "vitest";
import { checkConfig } from "../../src/config/load.js";
import { createCallers } from "../../src/issue/callers.js";
import { readCallers } from "../../src/issue/callers-json.js";
import { createIssuer, type IssuerOptions } from "../../src/issue/issuer.js";
import { managerSettingsOf } from "../../src/lambda/key-manager/settings.js";
import { settingsOf } from "../../src/lambda/shared/settings.js";
import { type OwnLimits, readLimits } from "../../src/settings/limits.js";

const signer = { kid: "k", alg: "ES256", sign: () => Buffer.alloc(64) } as unknown as IssuerOptions["signer"];
const env = { SIGNET_INSTALLATION: "a", SIGNET_KEYRING: "s3://bucket" };

/** Every door through which limits come in. */
const DOORS: Readonly<Record<string, (limits: OwnLimits) => unknown>> = {
  "signet.json": (limits) => checkConfig({ limits }, "/signet.json", { env: {} }),
  "a caller in signet.json": (limits) => checkConfig({ callers: { web: { limits } } }, "/signet.json", { env: {} }),
  createIssuer: (limits) => createIssuer({ signer, limits }),
  createCallers: (limits) => createCallers({ signer }, [{ name: "web", limits }]),
  SIGNET_LIMITS: (limits) => settingsOf({ ...env, SIGNET_LIMITS: JSON.stringify(limits) }),
  "SIGNET_LIMITS of the key manager": (limits) => managerSettingsOf({ ...env, SIGNET_LIMITS: JSON.stringify(limits) }),
  SIGNET_CALLERS: (limits) => readCallers({ web: { limits } }),
};

const WRONG: readonly (readonly [object, RegExp])[] = [
  [{ allowedAudience: ["shop"] }, /allowedAudience\b.*did you mean allowedAudiences\?/],
  [{ fixedClaim: { sub: "a" } }, /fixedClaim\b.*did you mean fixedClaims\?/],
  [{ maxTtlSecond: 5 }, /did you mean maxTtlSeconds\?/],
  [{ maxttlseconds: 5 }, /did you mean maxTtlSeconds\?/],
  [{ allowedClaims: "sub" }, /allowedClaims.* list of texts/],
  [{ requiredClaims: "sub" }, /requiredClaims.* list of texts/],
  [{ allowedAudiences: "shop" }, /allowedAudiences.* list of texts/],
  [{ allowedTypes: "at+jwt" }, /allowedTypes.* list of texts/],
  [{ allowedClaims: ["sub", 1] }, /allowedClaims/],
  [{ allowedClaims: [""] }, /allowedClaims/],
  [{ allowedClaims: null }, /allowedClaims/],
  [{ allowedAudiences: ["tenant-a/**"] }, /allowedAudiences.* \* at (?:its|the) end/],
  [{ allowedAudiences: ["*.example"] }, /allowedAudiences.* \* at (?:its|the) end/],
  [{ requireExpiration: "false" }, /requireExpiration.* true or false/],
  [{ maxTtlSeconds: "60" }, /maxTtlSeconds.* whole number/],
  [{ maxTtlSeconds: 2 ** 53 - 1 }, /maxTtlSeconds.* (?:from 1 to|at most) 10000000000/],
  [{ defaultTtlSeconds: 2 ** 53 - 1 }, /defaultTtlSeconds.* (?:from 1 to|at most) 10000000000/],
  [{ maxTokensPerMinute: 0 }, /maxTokensPerMinute/],
  [{ fixedClaims: ["sub"] }, /fixedClaims.* an object/],
  [{ fixedClaims: "sub" }, /fixedClaims.* an object/],
  [JSON.parse('{"__proto__":{"maxTtlSeconds":5}}') as object, /__proto__|not shown/],
  [{ constructor: 5 }, /constructor/],
];

describe.each(Object.entries(DOORS))("limits through %s", (_, open) => {
  it.each(WRONG)("that are %j are refused, and the message names the member", (limits, message) => {
    expect(() => open(limits)).toThrow(
      expect.objectContaining({ code: "config_invalid", message: expect.stringMatching(message) }),
    );
  });

  it.each([[[]], ["60"], [null]])("that are %j are none", (limits) => {
    expect(() => open(limits as never)).toThrow(expect.objectContaining({ code: "config_invalid" }));
  });

  it("that are right are taken", () => {
    const limits = {
      maxTtlSeconds: 10_000_000_000,
      defaultTtlSeconds: null,
      allowedAudiences: ["a", "b/*", "*"],
      fixedClaims: { a: [1] },
    };
    expect(() => open(limits)).not.toThrow();
  });
});

describe("limits of a program", () => {
  it("are copied: what is changed later changes nothing", () => {
    const allowedClaims = ["sub"];
    const fixedClaims = { tenant: { id: "a" } };
    const issuer = createIssuer({ signer, clock: () => 1_800_000_000, limits: { allowedClaims, fixedClaims } });
    allowedClaims.push("admin");
    fixedClaims.tenant.id = "b";
    expect(() => issuer.issueSync({ claims: { admin: true } })).toThrow(expect.objectContaining({ code: "claim_not_allowed" }));
    const { token } = issuer.issueSync({ claims: { sub: "x" } });
    expect(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).tenant).toStrictEqual({ id: "a" });
  });

  it("are looked at whole: by symbols, without enumeration, or from a class nothing gets past", () => {
    const hidden = Object.defineProperty({}, "allowedAudience", { value: ["shop"], enumerable: false });
    class Own {
      get maxTtlSeconds() {
        return 5;
      }
    }
    for (const limits of [hidden, { [Symbol("maxTtlSeconds")]: 5 }, new Own(), new Map([["maxTtlSeconds", 5]])]) {
      expect(() => createIssuer({ signer, limits })).toThrow(expect.objectContaining({ code: "config_invalid" }));
    }
  });

  it("are read once", () => {
    let reads = 0;
    const limits = {
      get maxTtlSeconds() {
        reads++;
        return reads === 1 ? 60 : 9_999;
      },
    };
    expect(readLimits(limits)).toStrictEqual({ maxTtlSeconds: 60 });
    expect(reads).toBe(1);
  });
});

describe("a variable", () => {
  it.each(["SIGNET_LIMITS", "SIGNET_CALLERS"])("%s that names a member twice is refused", (name) => {
    const twice = '{"maxTtlSeconds":5,"maxTtlSeconds":500}';
    expect(() => settingsOf({ ...env, [name]: twice })).toThrow(
      expect.objectContaining({ code: "config_invalid", field: name, message: expect.stringContaining("twice") }),
    );
  });
});

describe("a caller's name", () => {
  it.each(["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "prototype"])("is never %s", (name) => {
    const callers = JSON.parse(`{"${name}":{"limits":{}}}`) as object;
    for (const open of [() => readCallers(callers), () => checkConfig({ callers }, "/signet.json", { env: {} })]) {
      expect(open).toThrow(expect.objectContaining({ code: "config_invalid", message: expect.stringContaining(name) }));
    }
    expect(createCallers({ signer }, [{ name: "web" }]).named(name)).toBeUndefined();
  });
});
