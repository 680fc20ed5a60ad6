import { expect, it } from "vitest";
import { createAuthorizer } from "../../../src/lambda/authorizer/authorizer.js";
import { createDecoderHandler } from "../../../src/lambda/decoder/decoder.js";
import { createHandler } from "../../../src/lambda/issuer/issuer.js";
import { createKeyManager } from "../../../src/lambda/key-manager/key-manager.js";
import { VARIABLES } from "../../../src/lambda/shared/settings.js";
import { repositoryFiles, textOf } from "../../house/repository.js";

const quiet = () => undefined;
const installed = { AWS_REGION: "eu-central-1", SIGNET_INSTALLATION: "a", SIGNET_KEYRING: "s3://b" };
const FUNCTIONS: readonly (readonly [string, (more: Record<string, string>) => unknown])[] = [
  ["the issuer", (more) => createHandler({ ...installed, ...more }, quiet)],
  ["the key manager", (more) => createKeyManager({ ...installed, ...more }, quiet)],
  ["the decoder", (more) => createDecoderHandler({ SIGNET_DECODE_HOSTS: "idp.invalid", ...more }, quiet)],
  ["the authorizer", (more) => createAuthorizer({ SIGNET_ISSUER: "http://127.0.0.1:9", SIGNET_AUDIENCE: "api", ...more }, quiet)],
];

it.each(FUNCTIONS)("%s does not start beside a variable that is misspelt", (_what, create) => {
  for (const [given, meant] of [
    ["SIGNET_SCOPE", "SIGNET_SCOPES"],
    ["SIGNET_LIMIT", "SIGNET_LIMITS"],
    ["SIGNET_ROUTE", "SIGNET_ROUTES"],
    ["SIGNET_CALLER", "SIGNET_CALLERS"],
  ] as const)
    expect(() => create({ [given]: "x" })).toThrow(`${given} is read by no function (did you mean ${meant}?)`);
});

it.each(FUNCTIONS)("%s starts beside variables of others", (_what, create) => {
  const others = { SIGNET_PROOF: "full", SIGNET_DEBUG: "1", SIGNET_PASSPHRASE_FILE: "x", SIGNET_CONFIG: "x", SIGNETS_SCOPE: "x" };
  expect(create(others)).toBeTypeOf("function");
});

it("every variable that a function reads is known", () => {
  const read = repositoryFiles("src/lambda/*.ts").flatMap((path) => textOf(path).match(/(?<=SIGNET_)[A-Z_]*[A-Z]/g) ?? []);
  const named = new Set(read.filter((name) => !["SCOPE"].includes(name)));
  expect([...named].sort()).toStrictEqual([...VARIABLES].sort());
});

it.each([
  ["SIGNET_HTTP", "yes", "the issuer", "must be false or true"],
  ["SIGNET_METRICS", "True", "the issuer", "must be false or true"],
  ["SIGNET_METRICS", "1", "the key manager", "must be false or true"],
  ["SIGNET_AUTHORIZER_RESPONSE", "Policy", "the authorizer", "must be simple or policy"],
])("%s=%s is not taken for another word by %s", (name, value, what, words) => {
  const create = FUNCTIONS.find(([each]) => each === what)?.[1];
  expect(() => create?.({ [name]: value })).toThrow(`${name} ${words}`);
});
