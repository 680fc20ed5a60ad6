import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { unknownVariables } from "../../src/config/environment.js";
import { configJsonSchema } from "../../src/config/json-schema.js";
import { checkConfig, loadConfig } from "../../src/config/load.js";
import { CONFIG_MEMBERS } from "../../src/config/schema.js";
import { configuredPassphrase } from "../../src/config/secrets.js";
import { CUSTODY_NAMES } from "../../src/custody/registry.js";
import { scratchDirectories } from "../contracts/scratch.js";

const scratch = scratchDirectories();
const check = (members: unknown, env = {}, flags = {}) => checkConfig(members, "/etc/signet/signet.json", { env, flags });

describe("the custodies that a config can name", () => {
  it("are those of the registry", () => {
    expect(CONFIG_MEMBERS.custody.enum).toEqual(CUSTODY_NAMES);
    expect(() => check({ custody: "vault" })).toThrow(/custody/);
  });
});

describe("a config", () => {
  it("is refused where a proof would decide what is the issuer's, by file and member", () => {
    const limits = { fixedClaims: { scope: "{proof.scope}" } };
    expect(() => check({ callers: { ci: { limits } } })).toThrow(
      expect.objectContaining({
        code: "config_invalid",
        field: "callers.ci.limits.fixedClaims.scope",
        message: expect.stringContaining("/etc/signet/signet.json: callers.ci.limits.fixedClaims.scope cannot come from a proof"),
      }),
    );
    expect(() => check({ limits })).toThrow(expect.objectContaining({ field: "limits.fixedClaims.scope" }));
  });

  it("is complete when it says nothing", () => {
    expect(check({})).toStrictEqual({
      algorithm: "ES256",
      ed25519Name: "EdDSA",
      custody: "file",
      directory: "/etc/signet/.signet",
      limits: { maxTtlSeconds: 86_400, defaultTtlSeconds: 900, requireExpiration: true },
      rotation: {
        rotateEverySeconds: 7_776_000,
        publishAheadSeconds: 86_400,
        activeKeyMaxAgeSeconds: 3_600,
        clockSkewSeconds: 300,
      },
      notices: {},
      callers: {},
    });
  });

  it("is overridden by the environment, and both by flags, a member at a time", () => {
    const members = { issuer: "https://a.example", limits: { maxTtlSeconds: 10, defaultTtlSeconds: 5 } };
    const env = { SIGNET_ISSUER: "https://b.example", SIGNET_MAX_TTL_SECONDS: "20" };
    expect(check(members, env)).toMatchObject({
      issuer: "https://b.example",
      limits: { maxTtlSeconds: 20, defaultTtlSeconds: 5 },
    });
    expect(check(members, env, { issuer: "https://c.example", algorithm: undefined })).toMatchObject({
      issuer: "https://c.example",
      algorithm: "ES256",
    });
  });

  it("has an iss of tokens instead of an issuer, and not both, wherever the one comes from", () => {
    const tokens = { iss: "12345", iat: 60, kid: false };
    expect(check({ tokens })).toMatchObject({ tokens });
    expect(check({})).not.toHaveProperty("tokens");
    const refused = { code: "config_invalid", field: "tokens.iss" };
    expect(() => check({ tokens, issuer: "https://issuer.example" })).toThrow(
      expect.objectContaining({ ...refused, message: expect.stringContaining("issuer and tokens.iss both say what iss is") }),
    );
    expect(() => check({ tokens }, { SIGNET_ISSUER: "https://issuer.example" })).toThrow(
      expect.objectContaining({ ...refused, message: expect.stringContaining("SIGNET_ISSUER and tokens.iss") }),
    );
    expect(() => check({ tokens: { iat: 60 }, issuer: "https://issuer.example" })).not.toThrow();
  });

  it("has an issuer of http beside this machine only where that is allowed, in the file, by a variable or a flag", () => {
    const issuer = "http://signet.auth:7117/realms/a";
    const refused = /^\/etc\/signet\/signet.json: issuer has an invalid value; expected .*allowInsecureIssuer/;
    for (const allowInsecureIssuer of [undefined, false]) expect(() => check({ issuer, allowInsecureIssuer })).toThrow(refused);
    expect(() => check({ issuer }, { SIGNET_ALLOW_INSECURE_ISSUER: "false" })).toThrow(refused);
    expect(() => check({}, {}, { issuer })).toThrow(/^--issuer has an invalid value; .*--allow-insecure-issuer/);
    for (const allowed of [
      check({ issuer, allowInsecureIssuer: true }),
      check({ issuer }, { SIGNET_ALLOW_INSECURE_ISSUER: "true" }),
      check({ issuer }, {}, { allowInsecureIssuer: true }),
    ]) {
      expect(allowed).toMatchObject({ issuer, allowInsecureIssuer: true });
    }
    for (const bad of ["ftp://signet/", "http://signet/?a", "http://u:p@signet/", "http://SIGNET/", "signet"]) {
      expect(() => check({ issuer: bad, allowInsecureIssuer: true })).toThrow(/issuer has an invalid value/);
    }
    expect(() => check({ allowInsecureIssuer: "true" })).toThrow(/allowInsecureIssuer is a text; expected true or false/);
    expect(() => check({}, { SIGNET_ALLOW_INSECURE_ISSUER: "yes" })).toThrow(
      /^SIGNET_ALLOW_INSECURE_ISSUER must be true or false/,
    );
  });

  it("names the variable at fault, not the file", () => {
    expect(() => check({}, { SIGNET_MAX_TTL_SECONDS: "1h" })).toThrow(/^SIGNET_MAX_TTL_SECONDS must be a whole number/);
    expect(() => check({}, { SIGNET_ALGORITHM: "HS256" })).toThrow(/^SIGNET_ALGORITHM: algorithm/);
  });

  it.each([
    [{ issuer: 5 }, /issuer is a number; expected an https URL/],
    [{ limits: { maxTtlSeconds: 0 } }, /limits\.maxTtlSeconds is a number out of range; expected at least 1/],
    [{ limits: { maxTtlSeconds: 1.5 } }, /limits\.maxTtlSeconds is a fraction; expected a whole number/],
    [{ limits: [] }, /limits is a list; expected an object/],
    [{ limits: { fixedClaims: ["a"] } }, /limits\.fixedClaims is a list; expected an object/],
    [{ limits: "1h" }, /limits is a text; expected an object/],
    [{ callers: [] }, /callers is a list; expected an object/],
    [{ callers: { "1": {} } }, /callers\.1 .* a caller's name: letters, digits, - and _/],
    [{ callers: { web: { secrets: [{ sha256: "x", createdAt: 1 }] } } }, /sha256 .* 64 hexadecimal digits/],
    [{ callers: { web: { limits: { maxTtlSeconds: 0 } } } }, /callers\.web\.limits\.maxTtlSeconds is a number out of range/],
    [{ limits: null }, /limits is null; expected an object/],
  ])("says the kind of a bad value: %j", (members, message) => {
    expect(() => check(members)).toThrow(message);
  });

  it.each([
    ["https://issuer.example", true],
    ["https://issuer.example/", true],
    ["https://issuer.example/tenants/a", true],
    ["http://localhost:7117", true],
    ["http://127.0.0.1:80", false],
    ["http://127.0.0.1:8080", true],
    ["http://issuer.example", false],
    ["https://issuer.example?x", false],
    ["https://issuer.example#x", false],
    ["https://user:pw@issuer.example", false],
    ["https://ISSUER.example", false],
    ["https://issuer.example/a/../b", false],
    ["ftp://issuer.example", false],
    ["issuer.example", false],
    ["", false],
  ])("with the issuer %j is accepted: %s", (issuer, isAccepted) => {
    if (isAccepted) expect(check({ issuer }).issuer).toBe(issuer);
    else expect(() => check({ issuer })).toThrow(expect.objectContaining({ code: "config_invalid", field: "issuer" }));
  });

  it.each([
    [{ limits: { maxTtlSeconds: 0 } }, "limits.maxTtlSeconds"],
    [{ limits: { maxTtlSeconds: 1.5 } }, "limits.maxTtlSeconds"],
    [{ limits: { maxTtlSeconds: "1" } }, "limits.maxTtlSeconds"],
    [{ limits: { defaultTtlSeconds: -1 } }, "limits.defaultTtlSeconds"],
    [{ limits: { allowedClaims: "sub" } }, "limits.allowedClaims"],
    [{ limits: { allowedAudiences: [1] } }, "limits.allowedAudiences.0"],
    [{ limits: { maxTokensPerMinute: 2_000_000 } }, "limits.maxTokensPerMinute"],
    [{ limits: null }, "limits"],
    [{ rotation: { rotateEverySeconds: -1 } }, "rotation.rotateEverySeconds"],
    [{ rotation: { publishAheadDays: 1 } }, "rotation.publishAheadDays"],
    [{ custody: "vault" }, "custody"],
    [{ directory: "" }, "directory"],
    [{ key: "secret-value" }, "key"],
  ])("%o is refused at its path, without its value", (members, field) => {
    expect(() => check(members)).toThrow(expect.objectContaining({ code: "config_invalid", field }));
    expect(() => check(members)).not.toThrow(/secret-value/);
  });

  it("is not read beside SIGNET_LIMITS, which would seem to limit it", async () => {
    const cwd = await scratch();
    await writeFile(join(cwd, "signet.json"), "{}");
    for (const text of ['{"allowedAudiences":["shop"]}', "{}"]) {
      await expect(loadConfig({ cwd, env: { SIGNET_LIMITS: text } })).rejects.toMatchObject({
        code: "config_invalid",
        field: "SIGNET_LIMITS",
      });
    }
    await expect(loadConfig({ cwd, env: { SIGNET_TOKENS: '{"kid":false}' } })).rejects.toMatchObject({ field: "SIGNET_TOKENS" });
    await expect(loadConfig({ cwd, env: { SIGNET_LIMITS: "" } })).resolves.toMatchObject({ custody: "file" });
  });

  it("is looked for where it was said, and missed with the way to make one", async () => {
    const cwd = await scratch();
    await mkdir(join(cwd, "sub"));
    await writeFile(join(cwd, "sub", "a.json"), '{"directory":"keys","passphraseFile":"pass"}');
    const config = await loadConfig({ path: "sub/a.json", cwd, env: {} });
    expect(config).toMatchObject({ directory: join(cwd, "sub", "keys"), passphraseFile: join(cwd, "sub", "pass") });
    await expect(loadConfig({ cwd, env: {} })).rejects.toMatchObject({
      code: "config_missing",
      message: expect.stringContaining("signet init"),
    });
  });
});

describe("the JSON Schema for editors", () => {
  interface Node {
    readonly properties?: Readonly<Record<string, Node>>;
    readonly additionalProperties?: unknown;
    readonly default?: unknown;
  }
  const { properties = {} } = configJsonSchema as Node;

  it("has the members and the defaults of what is enforced, and lets nothing else in", () => {
    const complete = check({}) as Readonly<Record<string, unknown>>;
    expect(Object.keys(properties)).toStrictEqual(Object.keys(CONFIG_MEMBERS));
    for (const group of ["limits", "rotation"]) {
      const shown = Object.entries(properties[group]?.properties ?? {}).filter(([, member]) => "default" in member);
      expect(Object.fromEntries(shown.map(([name, member]) => [name, member.default]))).toStrictEqual(complete[group]);
      expect(properties[group]?.additionalProperties).toBe(false);
    }
  });

  it("has a caller's own limits without defaults, since the issuer's stand for what they do not say", () => {
    const caller = properties.callers?.additionalProperties as Node;
    const own = caller.properties?.limits?.properties ?? {};
    expect(Object.keys(own)).toStrictEqual(Object.keys(properties.limits?.properties ?? {}));
    expect(Object.values(own).filter((member) => "default" in member)).toStrictEqual([]);
    expect(check({ callers: { web: { limits: {} } } }).callers.web?.limits).toStrictEqual({});
  });
});

describe("a variable that is not read", () => {
  it("is named with the nearest one that is", () => {
    expect(unknownVariables({ SIGNET_ISUER: "x", SIGNET_CONFIG: "y", SIGNET_LIMITS: "{}", PATH: "z" })).toStrictEqual([
      "the environment variable SIGNET_ISUER means nothing to signet (did you mean SIGNET_ISSUER?)",
    ]);
  });
});

describe("the passphrase", () => {
  it("comes from SIGNET_PASSPHRASE, else from a private file, without its line's end", async () => {
    const passphraseFile = join(await scratch(), "pass");
    await writeFile(passphraseFile, "from file\n", { mode: 0o600 });
    expect(await configuredPassphrase({ passphraseFile }, { SIGNET_PASSPHRASE: "direct" })).toBe("direct");
    expect(await configuredPassphrase({ passphraseFile }, {})).toBe("from file");
    expect(await configuredPassphrase({}, {})).toBeUndefined();
  });

  it("is not taken from a file that others can read, that is missing or that is empty", async () => {
    const folder = await scratch();
    await writeFile(join(folder, "open"), "x", { mode: 0o644 });
    await writeFile(join(folder, "empty"), "\n", { mode: 0o600 });
    for (const name of ["open", "empty", "missing"]) {
      await expect(configuredPassphrase({ passphraseFile: join(folder, name) }, {})).rejects.toMatchObject({
        name: "SignetError",
      });
    }
  });
});
