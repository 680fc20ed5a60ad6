import { cpSync, readFileSync } from "node:fs";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { readableFunctions } from "../../tools/functions.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { startAnswerBucket } from "../fakes/aws/answer-bucket.js";
import { jwksOf, keyOf } from "../trust/fixture.js";
import { resolveStack } from "./cloudformation.mjs";
import { askResource, context, managerContext, pseudo, startStack, template } from "./stack.js";

const FUNCTIONS = { Issuer: "issuer", Manager: "key-manager", Decoder: "decoder", Token: "token" } as const;
type Name = keyof typeof FUNCTIONS;
const inTemplate = (name: Name): string => template.Resources[name].Properties.Code.ZipFile;
const minified = (name: Name): string =>
  readFileSync(new URL(`../../dist/lambda/${FUNCTIONS[name]}.cjs`, import.meta.url), "utf8");
const scratch = scratchDirectories();
const NAMES = Object.keys(FUNCTIONS) as Name[];

describe("the text of a function in the template", () => {
  it.each(NAMES)("can be read: %s stands there with its names, in lines", (name) => {
    const lines = inTemplate(name).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(400);
    expect(lines).toContain("// src/errors.ts");
    expect(lines).toContain("function statusOf(code) {");
    // Headings are the only comments.
    expect(lines.filter((line) => /^\s*(\/\/|\/\*)/.test(line) && !line.startsWith("// src/"))).toStrictEqual([]);
  });

  it.each(NAMES)("has twice as many bytes as the minified one, at most: %s", (name) => {
    expect(inTemplate(name).length / minified(name).length).toBeLessThan(2);
  });

  it("is byte for byte the same where it is built in another folder", async () => {
    const elsewhere = await scratch();
    const root = new URL("../../", import.meta.url);
    for (const part of ["src", "package.json", "tsconfig.json"]) {
      cpSync(new URL(part, root), `${elsewhere}/${part}`, { recursive: true });
    }
    const built = await readableFunctions(elsewhere);
    for (const name of NAMES) expect(built[FUNCTIONS[name]] === inTemplate(name), name).toBe(true);
  });
});

describe.each([
  ["as it stands in the template", inTemplate, "ParameterStore"],
  ["minified", minified, "KMS"],
] as const)("the text of the functions %s", (_, textOf, custodian) => {
  let bucket: Awaited<ReturnType<typeof startAnswerBucket>>;
  beforeAll(async () => {
    bucket = await startAnswerBucket();
  });
  afterAll(() => bucket.close());
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 }));
  afterEach(() => void vi.useRealTimers());

  it(`makes a key, issues, rotates and keeps a caller within its limits (${custodian})`, async () => {
    const stack = await startStack(bucket.url);
    const parameters = { KeyCustodianParameter: custodian, Callers: '{"chat":{"limits":{"maxTtlSeconds":60}}}' };
    const ask = async (id: string, type: string, more: Record<string, string> = {}, old = {}) =>
      askResource(stack, bucket, { parameters: { ...parameters, ...more }, id, type, old, code: textOf("Manager") });
    const made = await ask("Keys", "Create");
    expect([made.outcome, (await ask("Complete", "Create")).outcome]).toStrictEqual(["SUCCESS", "SUCCESS"]);
    const issue = stack.start(stack.put(parameters), "Issuer", textOf("Issuer"));
    const kidOf = async () => {
      const answer = await issue({ claims: { sub: "alice" }, ttl: 600 }, context(stack.issuerArn));
      const { token } = answer as unknown as { token: string };
      await jwtVerify(token, createLocalJWKSet(stack.read(".well-known/jwks.json")), { currentDate: new Date() });
      return decodeProtectedHeader(token).kid;
    };
    expect(await kidOf()).toBe(made.Data.KeyID);
    await expect(issue({ claims: {}, ttl: 61 }, context(`${stack.issuerArn}:chat`))).rejects.toThrow(/maxTtlSeconds/);

    expect((await ask("Keys", "Update", { RotationToken: "once" }, made.ResourceProperties)).outcome).toBe("SUCCESS");
    const manage = stack.start(stack.put(parameters), "Manager", textOf("Manager"));
    for (let hour = 0; hour < 27; hour += 3) {
      vi.setSystemTime(Date.now() + 3 * 3_600_000);
      await manage({ action: "tick" }, managerContext);
    }
    expect(await kidOf()).not.toBe(made.Data.KeyID);
    await stack.aws.close();
  });

  it("gives a caller without a secret a token for its proof", async () => {
    const stack = await startStack(bucket.url);
    const key = await keyOf("ES256");
    const trust = { issuer: "https://idp.example", jwks: jwksOf(key), claims: { sub: "job" } };
    const parameters = { TokenRoute: "on", Callers: JSON.stringify({ ci: { trusts: [trust] } }) };
    const made = await askResource(stack, bucket, { parameters, id: "Keys", type: "Create", code: textOf("Manager") });
    expect(made.outcome).toBe("SUCCESS");
    const resolved = stack.put(parameters);
    const issue = stack.start(resolved, "Issuer", textOf("Issuer"));
    stack.aws.runs((arn: string, event: unknown) => issue(event, context(arn)));
    const now = Math.floor(Date.now() / 1_000);
    const aud = "https://abc123.execute-api.eu-central-1.amazonaws.com/v1";
    const assertion = key.token({ ...key.header }, { iss: trust.issuer, aud, sub: "job", iat: now, exp: now + 60 });
    const form = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", audience: "https://api.example", assertion };
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const call = stack.api(resolved, textOf);
    const answer = await call("POST", "/token", { headers, text: new URLSearchParams(form).toString() });
    const { access_token: token } = JSON.parse(answer.text);
    const jwks = createLocalJWKSet(stack.read(".well-known/jwks.json"));
    expect((await jwtVerify(token, jwks, { currentDate: new Date() })).payload).toMatchObject({ sub: "ci", client_id: "ci" });
    await stack.aws.close();
  });

  it("refuses to decode by keys of a host that is not listed", async () => {
    const stack = await startStack(bucket.url);
    const decode = stack.start(stack.put({ DecodeRoute: "on" }), "Decoder", textOf("Decoder"));
    const asked = { jwksUri: "https://other.example/jwks.json", token: "e30.e30.AA" };
    const { body } = (await decode(asked, context("decoder"))) as unknown as { body: string };
    expect(JSON.parse(body)).toMatchObject({ code: "jwks_url_refused" });
    await stack.aws.close();
  });
});

describe("what a function runs on", () => {
  const functions = (parameters: Record<string, string>) => {
    const stack = resolveStack(template, { parameters, pseudo, attributes: (id, name) => `${id}.${name}`, ref: (id) => id });
    const of = (id: string) => stack.properties(id) as { Runtime: string; MemorySize: string | number };
    return { ...stack, of, all: NAMES.filter((id) => stack.made.includes(id)).map(of) };
  };

  it("is nodejs24.x, or nodejs26.x for all of them where that is asked for", () => {
    const runtimes = (more: object) => new Set(functions({ DecodeRoute: "on", ...more }).all.map(({ Runtime }) => Runtime));
    expect(runtimes({})).toStrictEqual(new Set(["nodejs24.x"]));
    expect(runtimes({ Runtime: "nodejs26.x" })).toStrictEqual(new Set(["nodejs26.x"]));
    expect(template.Parameters.Runtime.AllowedValues).toStrictEqual(["nodejs24.x", "nodejs26.x"]);
  });

  it.each([
    ["ParameterStore", 128],
    ["KMS", 512],
    ["SecretsManager", 128],
    ["KMSDataKey", 128],
  ])("has the memory that its custodian is worth: %s", (KeyCustodianParameter, megabytes) => {
    expect(functions({ KeyCustodianParameter }).of("Issuer").MemorySize).toBe(megabytes);
    const given = functions({ KeyCustodianParameter, MemorySize: "1769", DecodeRoute: "on" });
    expect([given.of("Issuer").MemorySize, given.of("Decoder").MemorySize]).toStrictEqual(["1769", "1769"]);
    expect(functions({ KeyCustodianParameter, DecodeRoute: "on" }).of("Decoder").MemorySize).toBe(128);
  });

  it("has at least the memory that Lambda gives", () => {
    for (const MemorySize of ["1", "64", "127"]) expect(functions({ MemorySize }).refusals()).toHaveLength(1);
    for (const MemorySize of ["0", "128", "10240"]) expect(functions({ MemorySize }).refusals()).toStrictEqual([]);
  });
});
