import { sign } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { signet } from "./command.js";

const { privateKey, publicKey } = rsaPair(2_048);
const encoded = (text: string | object) =>
  Buffer.from(typeof text === "string" ? text : JSON.stringify(text)).toString("base64url");
const exp = Math.floor(Date.now() / 1_000) + 600;

/** A token as another issuer makes it. */
function tokenOf(claims: object | string = {}, header: object = {}): string {
  const payload = typeof claims === "string" ? `{"exp":${exp},${claims}}` : { exp, ...claims };
  const input = `${encoded({ alg: "RS256", typ: "JWT", kid: "r", ...header })}.${encoded(payload)}`;
  return `${input}.${sign("sha256", Buffer.from(input), privateKey).toString("base64url")}`;
}

const scratch = scratchDirectories();
let cwd: string;
beforeAll(async () => {
  cwd = await scratch();
  const { n, e } = publicKey.export({ format: "jwk" });
  const key = { kty: "RSA", n, e, kid: "r", use: "sig" };
  const sets = {
    "entra.json": [key],
    "idp.json": [{ ...key, alg: "RS256" }],
    "two.json": [
      { ...key, alg: "RS256" },
      { ...key, kid: "s", alg: "RS256" },
    ],
  };
  for (const [name, keys] of Object.entries(sets)) await writeFile(join(cwd, name), JSON.stringify({ keys }));
  await writeFile(join(cwd, "key.pem"), publicKey.export({ format: "pem", type: "spki" }));
  await writeFile(join(cwd, "claims.json"), '{"token_use":"access"}');
});

async function verified(token: string, ...args: string[]) {
  const keys = args.some((each) => /^--(jwks|pem|kms)$/.test(each)) ? [] : ["--jwks", "idp.json"];
  const { code, stdout, stderr } = await signet(["verify", token, ...keys, ...args], { cwd });
  return { code, stdout, told: stderr.split("\n")[0] ?? "" };
}

describe("signet verify, of other issuers' tokens", () => {
  it.each<[string, () => string, string[], number, RegExp]>([
    ["RSA keys that name no algorithm", () => tokenOf(), ["--jwks", "entra.json"], 1, /give --algorithms RS256/],
    ["the same with the option", () => tokenOf(), ["--jwks", "entra.json", "--algorithms", "RS256,ES256"], 0, /^valid/],
    ["an algorithm that there is not", () => tokenOf(), ["--algorithms", "RS265"], 2, /--algorithms: /],
    ["an access token", () => tokenOf({}, { typ: "at+jwt" }), [], 3, /accepted: JWT, or none; --types names others/],
    ["an access token that was asked for", () => tokenOf({}, { typ: "at+jwt" }), ["--types", "at+jwt,JWT"], 0, /^valid/],
    ["any type", () => tokenOf({}, { typ: "x" }), ["--types", "*"], 0, /^valid/],
    ["both spellings", () => tokenOf(), ["--types", "JWT", "--typ", "JWT"], 2, /one of --typ and --types/],
    ["a client's", () => tokenOf({ client_id: "b" }), ["--client-ids", "a, b"], 0, /^valid/],
    ["another client's", () => tokenOf({ client_id: "c" }), ["--client-ids", "a,b"], 3, /client_id .*\(accepted: a, b\)$/],
    ["an aud beside clients", () => tokenOf({ aud: "x", client_id: "a" }), ["--client-ids", "a"], 3, /--audience names one\)$/],
    ["exact claims", () => tokenOf({ token_use: "access" }), ["--claims", '{"token_use":"access"}'], 0, /^valid/],
    [
      "exact claims of a file",
      () => tokenOf({ token_use: "id" }),
      ["--claims", "@claims.json"],
      3,
      /\(token_use must be "access"\)$/,
    ],
    [
      "claims that are no JSON",
      () => tokenOf(),
      ["--claims", "{token_use:access}"],
      2,
      /JSON such as '\{"token_use":"access"\}', or @FILE$/,
    ],
    ["keys of other algorithms", () => tokenOf(), ["--algorithms", "ES256"], 1, /^signet: no key verifies signatures by ES256$/],
    ["a PEM for a JWKS", () => tokenOf(), ["--jwks", "key.pem"], 2, /key\.pem is a PEM, .*`signet verify --pem` takes/],
    ["claims that check nothing", () => tokenOf(), ["--claims", "{}"], 2, /--claims must be an object of claims/],
    ["a list of scopes", () => tokenOf({ scope: ["a", "b"] }), ["--scopes", "a"], 0, /^valid/],
    ["a scope that lacks", () => tokenOf({ scope: ["a", "b"] }), ["--scopes", "a,c"], 3, /\(asked for: a c\)$/],
    ["an iss that is no URL", () => tokenOf({ iss: "accounts.google.com" }), ["--issuer", "accounts.google.com"], 0, /^valid/],
    ["jku", () => tokenOf({}, { jku: "https://x.example" }), [], 3, /--ignored-headers jku/],
    ["jku that is passed over", () => tokenOf({}, { jku: "https://x.example" }), ["--ignored-headers", "jku"], 0, /^valid/],
    [
      "crit, which never is",
      () => tokenOf({}, { crit: ["x"] }),
      ["--ignored-headers", "crit"],
      2,
      /--ignored-headers must be a list of jku/,
    ],
    ["no exp", () => tokenOf({ exp: undefined }), [], 3, /no exp \(--no-require-expiration accepts it\)$/],
    ["no exp, where that is right", () => tokenOf({ exp: undefined }), ["--no-require-expiration"], 0, /^valid: .*has no end/],
    ["an option that is misspelt", () => tokenOf(), ["--client-id", "a"], 2, /unknown option/],
    ["an empty name in a list", () => tokenOf(), ["--scopes", "a,,b"], 2, /--scopes must be names with commas between them/],
  ])("%s", async (_what, token, args, code, told) => {
    expect(await verified(token(), ...args)).toMatchObject({ code, told: expect.stringMatching(told) });
  });

  it("needs keys for an issuer that is no URL", async () => {
    const { code, stderr } = await signet(["verify", tokenOf(), "--issuer", "accounts.google.com"], { cwd });
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("is no URL: give the public keys too, with --jwks"),
    });
  });

  it("says whose key has signed what names none", async () => {
    const token = tokenOf({}, { kid: undefined });
    expect((await verified(token)).told).toMatch(/^valid: signed by the only key, r \(RS256\)/);
    expect((await verified(token, "--pem", "key.pem")).told).toMatch(/^valid: signed by the key in key\.pem \(RS256\)/);
    expect(await verified(token, "--jwks", "two.json")).toMatchObject({
      code: 3,
      told: expect.stringContaining("several could be meant"),
    });
  });

  it("shows the token's own digits, and texts where they were asked for", async () => {
    const token = tokenOf('"uid":869976676795383809,"deep":[-12345678901234567890,1],"text":"9007199254740993"');
    const plain = (await verified(token)).stdout;
    expect(plain).toContain(
      '"uid": 869976676795383809,\n  "deep": [\n    -12345678901234567890,\n    1\n  ],\n  "text": "9007199254740993"\n',
    );
    expect((await verified(token, "--json", "--integers-as-text", "uid")).stdout).toContain('    "uid": "869976676795383809",\n');
    expect((await signet(["inspect", token], { cwd })).stdout).toContain('  "uid": 869976676795383809,\n');
    expect((await signet(["inspect", token, "--json"], { cwd })).stdout).toContain('    "uid": 869976676795383809,\n');
    expect(await verified(token, "--claims", '{"uid":"869976676795383809"}')).toMatchObject({ code: 0 });
    expect(await verified(tokenOf('"sub":869976676795383809'))).toMatchObject({ code: 3 });
    const client = tokenOf('"client_id":869976676795383809');
    expect(await verified(client, "--client-ids", "869976676795383809")).toMatchObject({ code: 3 });
  });

  it("compares what is within 2^53 as the number that it is, however long", async () => {
    const token = tokenOf('"uid":1234567890123456');
    expect(await verified(token, "--claims", '{"uid":1234567890123456}')).toMatchObject({ code: 0 });
    expect(await verified(token, "--claims", '{"uid":"1234567890123456"}')).toMatchObject({ code: 3 });
  });

  it("shows no other number for one that is written with a fraction or an exponent, or that is beyond all", async () => {
    const { stdout } = await verified(tokenOf('"a":9007199254740993.0,"b":-1e999,"c":[9.007199254740993E+15]'));
    expect(stdout).toContain('"a": 9007199254740993.0,\n  "b": -1e999,\n  "c": [\n    9.007199254740993E+15\n  ]');
  });
});

describe("signet verify --kms", () => {
  let aws: Awaited<ReturnType<typeof startFakeAws>>;
  beforeAll(async () => {
    aws = await startFakeAws();
  });
  afterAll(() => aws.close());

  // altostra.com/blog/asymmetric-jwt-signing-using-aws-kms (no kid), repost.aws/articles/ARxbwO2ERaQ22NDRWqxhFzmg (the key's id or alias).
  it("verifies the tokens of the articles on KMS, whatever they call the key", async () => {
    const { KeyMetadata } = aws.perform("kms", "CreateKey", { KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" });
    aws.perform("kms", "CreateAlias", { AliasName: "alias/jwt", TargetKeyId: KeyMetadata.KeyId });
    for (const kid of [undefined, "alias/jwt", KeyMetadata.KeyId as string, ""]) {
      const iat = exp - 600;
      const input = `${encoded({ alg: "RS256", typ: "JWT", ...(kid !== undefined && { kid }) })}.${encoded({ user_name: "ala", iat, exp })}`;
      const { Signature } = aws.perform("kms", "Sign", {
        KeyId: "alias/jwt",
        Message: Buffer.from(input).toString("base64"),
        MessageType: "RAW",
        SigningAlgorithm: "RSASSA_PKCS1_V1_5_SHA_256",
      });
      const token = `${input}.${Buffer.from(Signature as string, "base64").toString("base64url")}`;
      const ran = await signet(["verify", token, "--kms", "alias/jwt"], { cwd, env: aws.env });
      const signer = kid || "the key alias/jwt in KMS";
      expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining(`valid: signed by ${signer} (RS256)`) });
    }
  });
});
