import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { localSigner } from "../../../src/algorithms/signature.js";
import { claimsFromPairs } from "../../../src/cli/claim-pairs.js";
import { tokenGiven } from "../../../src/cli/token-text.js";
import { findingsOf } from "../../../src/doctor/checks.js";
import { examine } from "../../../src/doctor/evidence.js";
import { verdictsOf } from "../../../src/doctor/verdicts.js";
import type { Visitor } from "../../../src/doctor/visit.js";
import { parseDuration } from "../../../src/encoding/durations.js";
import { isObject } from "../../../src/encoding/object-schema.js";
import { createIssuer } from "../../../src/issue/issuer.js";
import { bearerGuard } from "../../../src/verify/bearer.js";
import { createVerifier } from "../../../src/verify/create-verifier.js";
import type { VerifierOptions } from "../../../src/verify/verifier.js";
import { createVerifier as createWebVerifier } from "../../../src/verify/web/index.js";
import { anyCharacter, anyPath, anyQuery } from "../../contracts/any-text.js";
import { routesFor } from "../../http/routes-fixture.js";
import { listening, sent } from "../../server/raw.js";
import { keySet, keys } from "../grammar/keys.js";
import { claims, ISSUER, issuing, json, likely, name, text, tokens, verifierOptions } from "../grammar/words.js";
import { ours } from "../judge.js";
import { target } from "../target.js";

const signer = localSigner({ privateKey: keys.ec, alg: "ES256", kid: "own" });
const issuer = createIssuer({ signer, issuer: ISSUER, limits: { allowedAudiences: ["api"], fixedClaims: { tenant: "a" } } });
const verifier = createVerifier({ keys: { keys: [signer.publicJwk] }, issuer: ISSUER, audience: null });
const guard = bearerGuard(verifier);
const token = tokens("own");

/** What a program can hand over, and JSON cannot. */
const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withTypedArray: true,
  withSparseArray: true,
});
const request = fc.oneof(issuing, anything);

const word = fc.oneof(
  text,
  fc.tuple(text, fc.constantFrom("=", ":="), text).map((parts) => parts.join("")),
);

const discovery = likely({
  issuer: fc.constant(ISSUER),
  jwks_uri: fc.constant(`${ISSUER}/jwks`),
  id_token_signing_alg_values_supported: fc.array(text),
});
const answerHeaders = fc.dictionary(fc.constantFrom("etag", "date", "cache-control", "content-type"), text);

export const LIBRARY_TARGETS = [
  target("the library's issuer", request, (given) => ours(() => issuer.issue(given as never))),
  target("the library's issuer, of many", fc.array(request, { maxLength: 3 }), async (all) => {
    for (const result of (await ours(() => issuer.issueMany(all as never))) ?? []) {
      equal(Object.keys(result).length, 1);
      ok(!("error" in result) || result.error.code !== "internal", JSON.stringify(result));
    }
  }),
  target("the library's verifier and its guard", fc.oneof(token, anything), async (given) => {
    await ours(() => verifier.verify(given as never));
    for (const shown of [given, `Bearer ${typeof given === "string" ? given : ""}`])
      ok(((await guard(shown as never)).refusal?.status ?? 0) > 400);
  }),
  target("the options of a verifier", fc.tuple(verifierOptions, claims, token), async ([options, made, given]) => {
    const { kid } = signer;
    const header = Buffer.from(JSON.stringify({ alg: "ES256", kid, typ: "JWT", jku: "https://idp.example/" })).toString(
      "base64url",
    );
    const input = `${header}.${Buffer.from(JSON.stringify(made)).toString("base64url")}`;
    const signature = await signer.sign(input);
    for (const make of [createVerifier, createWebVerifier]) {
      const verifier = await ours(() => make({ ...options, keys: { keys: [signer.publicJwk] } } as unknown as VerifierOptions));
      for (const each of [given, `${input}.${signature.toString("base64url")}`])
        await ours(async () => void (await verifier?.verify(each)));
    }
  }),
  target("the words of the command line", fc.tuple(fc.array(word, { maxLength: 4 }), token), async ([words, given]) => {
    // The operator's own word is told, so that it can be given rightly.
    await ours(() => claimsFromPairs(words), { hidden: [] });
    await ours(() => parseDuration(words[0] ?? "", "--ttl"));
    await ours(() => tokenGiven(given === "-" ? "" : given));
  }),
  target(
    "what a server tells doctor",
    fc.tuple(fc.oneof(discovery, json), fc.oneof(keySet, json), answerHeaders, token),
    async ([found, jwks, headers, given]) => {
      const visit: Visitor = async (url) => {
        const answer = url.endsWith("configuration") ? found : jwks;
        return { url, status: 200, headers, bytes: 9, milliseconds: 1, ...(isObject(answer) && { json: answer }) };
      };
      const evidence = await examine(ISSUER, { visit, addresses: async () => [], now: () => 0, token: given });
      ok(findingsOf(evidence).length + verdictsOf(evidence).length > 2);
    },
  ),
];

/** A server in this process, once it is asked. It ends with the process. */
let served: ReturnType<typeof serve> | undefined;
async function serve() {
  const { handle, secret } = routesFor();
  const { port, server } = await listening(handle);
  server.unref();
  return { port, secret };
}

const PATHS = [
  "/issue",
  "/encode",
  "/token",
  "/verify",
  "/decode",
  "/metrics",
  "/healthz",
  "/openapi.json",
  "/.well-known/jwks.json",
];
const path = fc.oneof(
  fc.constantFrom(...PATHS),
  fc.constantFrom(...PATHS).map((each) => `${each}?a=%zz`),
  anyPath,
  fc.constantFrom("//issue", "/x/../issue", "*", "http://[", "/\\issue"),
);
const body = fc.oneof(
  fc.oneof(issuing, likely({ token, audience: text, jwksUri: text })).map((value) => JSON.stringify(value)),
  anyQuery,
  fc.string({ unit: anyCharacter }),
);
const authorization = fc.constantFrom("Bearer SECRET", "Basic SECRET", "Bearer x", "Basic %", "");
const type = fc.constantFrom("application/json", "application/x-www-form-urlencoded", "text/plain", "application/json;charset=x");
const method = fc.constantFrom("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE");

export const HTTP_TARGETS = [
  target(
    "the routes over HTTP, of which no answer is a failure",
    fc.tuple(method, path, authorization, type, body, name),
    async ([verb, where, scheme, kind, content]) => {
      served ??= serve();
      const { port, secret } = await served;
      const basic = Buffer.from(`web:${secret}`).toString("base64");
      const shown = scheme.replace("SECRET", scheme.startsWith("Basic") ? basic : secret);
      const bytes = Buffer.from(content.isWellFormed() ? content : "");
      const head = `${verb} ${where} HTTP/1.1\r\nhost: issuer.example\r\nconnection: close\r\nauthorization: ${shown}\r\ncontent-type: ${kind}\r\ncontent-length: ${bytes.length}\r\n\r\n`;
      const { status, answer } = await sent(port, Buffer.concat([Buffer.from(head), bytes]));
      ok(status >= 200 && status < 500, `the answer is ${status}`);
      deepEqual(answer.includes(secret), false);
    },
    { share: 0.3 },
  ),
];
