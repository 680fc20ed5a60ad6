import { describe, expect, it } from "vitest";
import { localSigner } from "../../src/algorithms/signature.js";
import { openIssuer } from "../../src/open-issuer.js";
import { authorize } from "../../src/verify/authorize.js";
import { bearerGuard } from "../../src/verify/bearer.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import { createVerifier as createWebVerifier } from "../../src/verify/web/web-verifier.js";
import { ISSUER } from "./tokens.js";

const keys = { keys: [{ kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", kid: "a" }] };
const wrong = (code: string, message: RegExp) => expect.objectContaining({ code, message: expect.stringMatching(message) });

const OPTIONS: [object, RegExp, string?][] = [
  [{ scope: ["read"] }, /"scope" \(did you mean scopes\?\)/],
  [{ algorithm: "RS256" }, /"algorithm" \(did you mean algorithms\?\)/],
  [{ constructor: 5 }, /"constructor"/],
  [{ [Symbol("scopes")]: ["read"] }, /Symbol/],
  [Object.create({ scope: ["read"] }), /"scope"/],
  [{ requireExpiration: "false" }, /requireExpiration must be true or false/],
  [{ requireKid: 0 }, /requireKid must be true or false/],
  [{ clock: 5 }, /clock must be a function/],
  [{ scopes: "read" }, /scopes must be a list of names/],
  // A list of holes asks for nothing, where whoever made it means to ask for something.
  [{ scopes: new Array(1) }, /scopes must be a list of names/],
  [{ requiredClaims: new Array(1) }, /requiredClaims must be a list of names/],
  [{ types: new Array(1) }, /types must be a list of texts/],
  [{ clientId: ["a"] }, /"clientId" \(did you mean clientIds\?\)/],
  [{ clientIds: "a" }, /clientIds must be a list of client ids/],
  [{ clientIds: [] }, /clientIds must be a list of client ids/],
  [{ claim: {} }, /"claim" \(did you mean claims\?\)/],
  ...[
    [],
    {},
    "x",
    new Map([["a", "b"]]),
    { a: null },
    { a: {} },
    { a: [] },
    { a: new Array(1) },
    { a: 2 ** 53 },
    { a: Number.NaN },
  ].map((claims): [object, RegExp] => [{ claims }, /claims must be an object of claims, each with a text, a number/]),
  [{ ignoredHeaders: "jku" }, /ignoredHeaders must be a list of jku, x5u and x5c/],
  [{ ignoredHeaders: ["jku", "crit"] }, /ignoredHeaders must be a list of jku, x5u and x5c/],
  [{ ignoreHeaders: ["jku"] }, /did you mean ignoredHeaders\?/],
  [{ integersAsText: "uid" }, /integersAsText must be a list of claims other than exp, nbf and iat/],
  [{ integersAsText: ["uid", "exp"] }, /integersAsText must be a list of claims other than exp, nbf and iat/],
  [{ integerAsText: ["uid"] }, /did you mean integersAsText\?/],
  [{ requiredClaims: "sub" }, /requiredClaims must be a list of names/],
  [{ algorithms: "RS256" }, /algorithms must be a list/],
  [{ algorithms: [] }, /algorithms must be a list/],
  [{ algorithms: ["none"] }, /none of/, "unsupported_algorithm"],
  [{ algorithms: ["EdDSA", "HS256"] }, /none of/, "unsupported_algorithm"],
  [{ algorithms: [5] }, /none of/, "unsupported_algorithm"],
];

describe.each([
  ["createVerifier with keys", createVerifier, { keys, issuer: ISSUER, audience: "api" }],
  ["createVerifier by URL", createVerifier, { issuer: ISSUER, audience: "api" }],
  ["the web verifier with keys", createWebVerifier, { keys, issuer: ISSUER, audience: "api" }],
  ["the web verifier by URL", createWebVerifier, { issuer: ISSUER, audience: "api" }],
])("%s", (_, make, base) => {
  it.each(OPTIONS)("refuses %o at once", (...[more, message, code = "config_invalid"]) => {
    // Not spread where it inherits: that would lose what is looked for.
    const options = Object.getPrototypeOf(more) === Object.prototype ? { ...base, ...more } : Object.assign(more, base);
    expect(() => make(options as never)).toThrow(wrong(code, message));
  });

  it("takes options that are undefined for absent", () => {
    expect(make({ ...base, scopes: undefined, clock: undefined } as never)).toHaveProperty("verify");
  });

  it.each([undefined, null, "x", []])("refuses %j for options", (options) => {
    expect(() => make(options as never)).toThrow(wrong("config_invalid", /object of options/));
  });
});

describe("createVerifier", () => {
  it.each([
    [{ jwksUrl: 5 }, /jwksUrl must be/],
    [{ jwksUrl: "keys" }, /jwksUrl must be/],
    [{ jwksUrl: { "https://other.example": "https://other.example/jwks" } }, /jwksUrl names an issuer/],
    [{ timeoutMs: "5" }, /timeoutMs must be/],
    [{ maxBytes: 0 }, /maxBytes must be/],
    [{ fetch: "x" }, /fetch must be a function/],
    [{ refreshSeconds: 1.5 }, /refreshSeconds must be/],
  ])("by URL refuses %j", (more, message) => {
    expect(() => createVerifier({ issuer: ISSUER, audience: "api", ...more } as never)).toThrow(wrong("config_invalid", message));
  });
});

describe("what guards requests", () => {
  const verifier = createVerifier({ keys, issuer: ISSUER, audience: "api" });

  it.each([
    [{ scope: ["read"] }, /"scope" \(did you mean scopes\?\)/],
    [{ scopes: "read" }, /scopes must be a list of names/],
    [{ realm: 5 }, /realm must be a text/],
  ])("refuses the options %j", (options, message) => {
    expect(() => bearerGuard(verifier, options as never)).toThrow(wrong("config_invalid", message));
    expect(() => authorize(verifier, async () => 1, options as never)).toThrow(wrong("config_invalid", message));
  });

  it("refuses what is no verifier, or no handler", () => {
    expect(() => bearerGuard({} as never)).toThrow(wrong("config_invalid", /verifier/));
    expect(() => bearerGuard(undefined as never)).toThrow(wrong("config_invalid", /verifier/));
    expect(() => authorize(verifier, undefined as never)).toThrow(wrong("config_invalid", /handler/));
  });
});

describe("what opens an issuer or a signer", () => {
  it("refuses options that it does not have", async () => {
    await expect(openIssuer({ confg: "x" } as never)).rejects.toThrow(wrong("config_invalid", /did you mean config\?/));
    await expect(openIssuer({ config: 5 } as never)).rejects.toThrow(wrong("config_invalid", /config must be a text/));
    expect(() => localSigner({ privateKey: {}, alg: "ES256", keyId: "x" } as never)).toThrow(
      wrong("config_invalid", /privateKey|keyId/),
    );
  });
});

it("are refused at once where a list says that it has four thousand million members", () => {
  const scopes = new Array<string>(2 ** 32 - 1);
  expect(() => createVerifier({ keys, issuer: null, audience: null, scopes } as never)).toThrow("scopes must be a list of names");
});
