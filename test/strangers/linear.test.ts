import { generateKeyPairSync } from "node:crypto";
import { expect, it } from "vitest";
import { publicJwk } from "../../src/algorithms/jwk.js";
import { parsePrivateKeyText } from "../../src/algorithms/private-key-text.js";
import { parsePublicKeyText } from "../../src/algorithms/public-key-text.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { createAnswerReader } from "../../src/aws/http-answer.js";
import { configHints } from "../../src/cli/config-hints.js";
import { checkConfig } from "../../src/config/load.js";
import { decodeBase64url } from "../../src/encoding/base64url.js";
import { decodeBase64url as decodeOnTheWeb } from "../../src/encoding/base64url-web.js";
import { withSelf } from "../../src/encoding/command-hints.js";
import { parseDuration } from "../../src/encoding/durations.js";
import { ecdsaFromDer } from "../../src/encoding/ecdsa-der.js";
import { memberPositions } from "../../src/encoding/json-positions.js";
import { didYouMean } from "../../src/encoding/nearest.js";
import { parseStrictJson } from "../../src/encoding/strict-json.js";
import { visible } from "../../src/errors.js";
import { splitBatch } from "../../src/http/batch-body.js";
import { parseForm } from "../../src/http/form.js";
import { invocationRoute } from "../../src/http/invoke.js";
import type { Handler } from "../../src/http/request-context.js";
import { readCallers } from "../../src/issue/callers-json.js";
import { createImmediateIssuer } from "../../src/issue/issuer.js";
import { answerOf, readAuthorizerEvent } from "../../src/lambda/authorizer/authorizer-event.js";
import { routeRules } from "../../src/lambda/authorizer/route-rules.js";
import { readResourceRequest } from "../../src/lambda/key-manager/custom-resource.js";
import { isHttpEvent, readHttpEvent } from "../../src/lambda/shared/http-event.js";
import { assertNamesWereRead } from "../../src/lambda/shared/parsed-event.js";
import { bearerGuard } from "../../src/verify/bearer.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import { eventHeader } from "../../src/verify/event-header.js";
import { listedHosts } from "../../src/verify/listed-hosts.js";
import { isPublicAddress } from "../../src/verify/public-addresses.js";
import { some } from "../contracts/matrix.js";
import { routesFor, signer } from "../http/routes-fixture.js";

/** The longer text is so many times the shorter one: linear cost grows 32-fold, quadratic cost 1,024-fold. */
const SPAN = 32;
/** Between the two, more than five times away from each. */
const MAX_GROWTH = SPAN ** 1.5;
const SHORT = 4_096;
/** How often both are measured before a growth is believed: the least of all counts, since noise only adds. */
const LOOKS = [2, 4, 8, 16];
/** Less processor time than this is not worth comparing: it is mostly the clock's. */
const MIN_MICROSECONDS = 500;

const jwk = publicJwk(generateKeyPairSync("ed25519").privateKey, algorithmNamed("EdDSA"));
const verifier = createVerifier({ keys: { keys: [jwk] }, issuer: null, audience: null, maxTokenLength: 1e9 });
const guard = bearerGuard(verifier);
const issuer = createImmediateIssuer({ signer, limits: { allowedClaims: ["sub"], allowedAudiences: ["a*"] } });
const { handle, callers, secret } = routesFor();
const invocations = invocationRoute(issuer, () => callers, handle);
const rules = routeRules({ "GET /a*b*c*d": "x", "* /{a}/{b}/{c}/{d}/e": [], "GET /*/*/*/*/*/*z": [] });
const listed = listedHosts({ hosts: ["idp.example"] });
const encoded = (text: string) => Buffer.from(text).toString("base64url");
const call = (target: string) => ({ address: "192.0.2.1", target, log: {} });
const asked = (handler: Handler, target: string, headers: Record<string, string> = {}, method = "GET") =>
  handler(new Request("https://issuer.example/", { method, headers }), call(target));
const METHOD = "arn:aws:execute-api:eu-central-1:111122223333:abc123/prod/GET";
// Whole, and within what a head may be.
const headOfAnswer = (n: number) => `HTTP/1.1 204 X\r\n${"A:b\r\n".repeat(n / 12)}\r\n`;
const readAnswerOf = (text: string) => createAnswerReader(true).read(Buffer.from(text));
function answerByBytes(text: string) {
  const reader = createAnswerReader(true);
  for (const byte of Buffer.from(text)) reader.read(Buffer.of(byte));
}
const config = (more: object) => checkConfig({ version: 1, ...more }, "signet.json", { env: {} });
const claims = (value: object) => issuer.issue({ claims: value as Record<string, unknown> });

/** A parser, and what makes the worst of texts for it: of each there is one of a length that is asked for. */
const PARSERS: Record<string, readonly [textOf: (length: number) => unknown, parse: (text: never) => unknown]> = {
  "JSON that ends in a mistake": [(n) => `["${"x".repeat(n)}"]x`, (text: string) => parseStrictJson(text, "it")],
  "JSON with a mistake between values": [(n) => `[${"1,".repeat(n / 2)}x`, (text: string) => parseStrictJson(text, "it")],
  "JSON that ends too early": [(n) => "[".repeat(n), (text: string) => parseStrictJson(text, "it")],
  "JSON that is deep": [(n) => `${"[".repeat(n / 2)}${"]".repeat(n / 2)}`, (text: string) => parseStrictJson(text, "it")],
  "JSON that is wide": [(n) => `[${"{},".repeat(n / 3)}{}]`, (text: string) => parseStrictJson(text, "it")],
  "JSON of many names": [
    (n) => `{${Array.from({ length: n / 12 }, (_, at) => `"${at}n":1`).join()}}`,
    (text: string) => parseStrictJson(text, "it"),
  ],
  "JSON of many escaped names": [
    (n) => `{${Array.from({ length: n / 16 }, (_, at) => `"\\u0061${at}":1`).join()},"a":1,"a":2}`,
    (text: string) => parseStrictJson(text, "it"),
  ],
  "JSON of quotes in a text": [(n) => `{"\\u0061":"${'\\"'.repeat(n / 2)}"}`, (text: string) => parseStrictJson(text, "it")],
  "JSON of backslashes": [(n) => `{"a":"${"\\\\".repeat(n / 2)}"}`, (text: string) => parseStrictJson(text, "it")],
  "a batch": [(n) => Buffer.from(`{"requests":[${"[]".repeat(n / 2)}]}`), splitBatch],
  "a batch that does not end": [(n) => Buffer.from(`{"requests":["${"\\".repeat(n)}`), splitBatch],
  "a form of names": [(n) => Buffer.from(Array.from({ length: n / 6 }, (_, at) => `a${at}=1`).join("&")), parseForm],
  "a form of one escape": [(n) => Buffer.from(`a=${"%zz+".repeat(n / 4)}`), parseForm],
  "a form of escapes": [(n) => Buffer.from(`a=${"%41+".repeat(n / 4)}`), parseForm],
  "a token of dots": [(n) => ".".repeat(n), (text: string) => verifier.verify(text)],
  "a token's header": [(n) => `${encoded(`{"alg":"${"x".repeat(n)}"}`)}.e30.AA`, (text: string) => verifier.verify(text)],
  "a token's deep header": [(n) => `${encoded("[".repeat(n))}.e30.AA`, (text: string) => verifier.verify(text)],
  "a token's signature": [
    (n) => `${encoded(`{"alg":"EdDSA","kid":"${jwk.kid}"}`)}.e30.${"A".repeat(n)}`,
    (text: string) => verifier.verify(text),
  ],
  base64url: [(n) => `${"A".repeat(n)}*`, decodeBase64url],
  "base64url on the web": [(n) => "A".repeat(n), decodeOnTheWeb],
  "a JWKS": [
    (n) => Array.from({ length: n / 64 }, (_, at) => ({ kty: "OKP", crv: "Ed25519", x: "AA", kid: `k${at}` })),
    (keys: object[]) => createVerifier({ keys: { keys: [...keys, jwk] } as never, issuer: null, audience: null }),
  ],
  "a JWK's number": [
    (n) => ({ kty: "RSA", alg: "RS256", n: "A".repeat(n), e: "AQAB" }),
    (key: object) => createVerifier({ keys: { keys: [key] } as never, issuer: null, audience: null }),
  ],
  "a PEM": [
    (n) => `-----BEGIN PRIVATE KEY-----\n${"A".repeat(n)}\n-----END PRIVATE KEY-----`,
    (text: string) => parsePrivateKeyText(text),
  ],
  "a PEM of many blocks": [
    (n) => "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".repeat(n / 60),
    (text: string) => parsePrivateKeyText(text),
  ],
  "a PEM of escapes": [(n) => `-----BEGIN PRIVATE KEY-----${"\\".repeat(n)}`, (text: string) => parsePrivateKeyText(text)],
  "a PEM of headers": [
    (n) => `-----BEGIN PRIVATE KEY-----\nDEK-Info: ${"a:".repeat(n / 2)}\n-----END PRIVATE KEY-----`,
    (text: string) => parsePrivateKeyText(text),
  ],
  "a key's quotes": [(n) => "'".repeat(n), (text: string) => parsePrivateKeyText(text)],
  "a key in base64": [(n) => "MIIB".repeat(n / 4), (text: string) => parsePrivateKeyText(text)],
  "a key's DER": [
    (n) => Buffer.concat([Buffer.from("3083", "hex"), Buffer.alloc(n, 5)]),
    (bytes: Uint8Array) => parsePrivateKeyText(bytes),
  ],
  "a key's text in UTF-16": [(n) => Buffer.alloc(n, "a\0"), (bytes: Uint8Array) => parsePrivateKeyText(bytes)],
  "a set of private keys": [
    (n) =>
      JSON.stringify({
        keys: Array.from({ length: n / 64 }, (_, at) => ({ kty: "OKP", crv: "Ed25519", d: "AA", kid: `k${at}` })),
      }),
    (text: string) => parsePrivateKeyText(text),
  ],
  "a list of lists": [(n) => `${"[".repeat(n / 2)}${"]".repeat(n / 2)}`, (text: string) => parsePrivateKeyText(text)],
  "a PEM that does not end": [(n) => "-----BEGIN PRIVATE KEY-----\n".repeat(n / 28), (text: string) => parsePrivateKeyText(text)],
  "a public key among certificates": [
    (n) => "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".repeat(n / 60),
    (text: string) => parsePublicKeyText(text),
  ],
  "a key in many objects": [
    (n) => `${'{"a":{}},'.repeat(n / 9)}`.replace(/^(.*),$/, "[$1]"),
    (text: string) => parsePrivateKeyText(text),
  ],
  "an RSA key's d": [
    (n) => JSON.stringify({ kty: "RSA", n: "A".repeat(n / 2), e: "AQAB", d: "A".repeat(n / 2) }),
    (text: string) => parsePrivateKeyText(text),
  ],
  DER: [(n) => Buffer.alloc(n, 0x30), (der: Uint8Array) => ecdsaFromDer(der, 64)],
  "the header Authorization of a guard": [
    (n) => `Bearer ${"a".repeat(n / 2)}${" ".repeat(n / 2)}x`,
    (text: string) => guard(text),
  ],
  "the header Authorization of a route": [
    (n) => `Bearer ${" ".repeat(n / 2)}${"a".repeat(n / 2)} ,`,
    (text: string) => asked(handle, "/metrics", { authorization: text }),
  ],
  "the header Authorization of a client": [
    (n) => `Basic ${"a".repeat(n)}=====*`,
    (text: string) =>
      asked(handle, "/token", { authorization: text, "content-type": "application/x-www-form-urlencoded" }, "POST"),
  ],
  "the header Accept": [
    (n) => "a/b;q=1,".repeat(n / 8),
    (text: string) => asked(handle, "/.well-known/jwks.json", { accept: text }),
  ],
  "the header If-None-Match": [
    (n) => 'W/"a",'.repeat(n / 6),
    (text: string) => asked(handle, "/.well-known/jwks.json", { "if-none-match": text }),
  ],
  "the header Content-Type": [
    (n) => `application/json${";charset=".repeat(n / 9)}`,
    (text: string) => asked(handle, "/issue", { "content-type": text, authorization: `Bearer ${secret}` }, "POST"),
  ],
  "a target": [(n) => `/${"../".repeat(n / 3)}issue`, (text: string) => asked(handle, text)],
  "a query": [(n) => `/healthz?${"a=1&".repeat(n / 4)}`, (text: string) => asked(handle, text)],
  "a function's name": [
    (n) => `/2015-03-31/functions/${"a-".repeat(n / 2)}!/invocations`,
    (text: string) => asked(invocations, text, {}, "POST"),
  ],
  "a route of the authorizer": [(n) => `GET/${"abcd".repeat(n / 4)}`, (text: string) => rules?.allow({}, text)],
  "a route of slashes": [(n) => `GET${"/a".repeat(n / 2)}`, (text: string) => rules?.allow({ scope: "x" }, text)],
  "an event of the authorizer": [
    (n) => ({
      type: "REQUEST",
      methodArn: `${METHOD}/${"a/".repeat(n / 2)}`,
      headers: { "sec-websocket-protocol": "a,".repeat(n / 2) },
    }),
    (event: object) => {
      const request = readAuthorizerEvent(event, { header: "authorization", query: "token" });
      return answerOf(request, undefined, { simple: false, routes: rules, claims: undefined, now: 0 });
    },
  ],
  "an authorizer's identity sources": [
    (n) => ({ type: "REQUEST", identitySource: "eyJ.a.b,".repeat(n / 8), headers: { authorization: "eyJ.".repeat(n / 4) } }),
    (event: object) => readAuthorizerEvent(event, { header: "authorization", query: undefined }),
  ],
  "an event's headers": [
    (n) => ({
      httpMethod: "POST",
      path: "/issue",
      // So many that V8 keeps them in a table, whose names cost more each, in the short event as well.
      headers: Object.fromEntries(Array.from({ length: n / 3 }, (_, at) => [`x-${at}`, "a"])),
      requestContext: { identity: { userArn: "a" }, stage: "a".repeat(n) },
    }),
    (event: object) => (isHttpEvent(event) ? readHttpEvent(event, ["/issue"]) : undefined),
  ],
  "an event's header of many values": [
    (n) => ({ multiValueHeaders: { authorization: Array.from({ length: n / 8 }, (_, at) => `a${at}`) } }),
    (event: Record<string, unknown>) => eventHeader(event, "authorization"),
  ],
  "names in a parsed event": [
    (n) => JSON.parse(`[${'{"a":{"b":[]}},'.repeat(n / 15)}0]`) as unknown,
    (event: unknown) => assertNamesWereRead(event),
  ],
  "a request of CloudFormation's": [
    (n) => ({
      RequestType: "Create",
      ResponseURL: `https://${"a".repeat(n)}`,
      StackId: "a",
      RequestId: "a",
      LogicalResourceId: "a",
      ResourceProperties: {},
    }),
    (event: Record<string, unknown>) => readResourceRequest(event, { region: "r", stackId: "a", responseEndpoint: undefined }),
  ],
  "a config's text with faults": [
    (n) => `{${Array.from({ length: n / 16 }, (_, at) => `"m${at}":1`).join(",\n")}}`,
    (text: string) => checkConfig(JSON.parse(text), "signet.json", { env: {}, text }),
  ],
  "the head of an answer": [headOfAnswer, readAnswerOf],
  "the head of an answer, in bytes": [headOfAnswer, answerByBytes],
  "an answer in chunks": [
    (n) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${"1\r\nx\r\n".repeat(n / 6)}`,
    readAnswerOf,
  ],
  "an answer in bytes": [(n) => `HTTP/1.1 200 OK\r\n\r\n${"x".repeat(n)}`, answerByBytes],
  "a duration": [(n) => "1h".repeat(n / 2), (text: string) => parseDuration(text, "--ttl")],
  "a duration of digits": [(n) => `${"1".repeat(n)}x`, (text: string) => parseDuration(text, "--ttl")],
  "the name of an alias": [(n) => ({ [`${"1".repeat(n)}!`]: {} }), (given: object) => readCallers(given)],
  "the URL of keys": [(n) => `https://${"a.".repeat(n / 2)}example/`, (text: string) => listed.checked(text)],
  "an address": [(n) => "1.".repeat(n / 2), isPublicAddress],
  "a config's issuer": [(n) => ({ issuer: `https://${"a".repeat(n)}` }), config],
  "a config's hosts": [(n) => ({ decodeHosts: [`${"a-".repeat(n / 2)}!`] }), config],
  "a config's unknown members": [
    (n) => Object.fromEntries(Array.from({ length: n / 64 }, (_, at) => [`member${at}`, 1])),
    config,
  ],
  "a word that is near to another": [(n) => "issu".repeat(n / 4), (text: string) => didYouMean(text, ["issue", "verify"])],
  "hints in a text": [(n) => "`signet ".repeat(n / 8), (text: string) => withSelf(text, "npx signet-jwt")],
  "hints on a config in a text": [(n) => "`signet keys : signet keys  ".repeat(n / 28), configHints("signet", "new")],
  "members that stand somewhere": [(n) => `{"a":"${'\\"'.repeat(n / 2)}"}`, (text: string) => memberPositions(text, 10)],
  "text for a terminal": [(n) => "\u001b[\u202e".repeat(n / 3), visible],
  "claims of one text": [(n) => ({ sub: "\u{1f600}".repeat(n / 2) }), claims],
  "claims of many names": [(n) => Object.fromEntries(Array.from({ length: n / 12 }, (_, at) => [`claim${at}`, 1])), claims],
};

async function microseconds(parse: (text: never) => unknown, text: unknown, times: number): Promise<number> {
  const before = process.cpuUsage();
  for (let time = 0; time < times; time++) {
    try {
      await parse(text as never);
    } catch {
      // A refusal costs as well.
    }
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

/** How many times as much the longer text costs. Where that seems too much, it is looked at again, longer each time. */
async function growth(parse: (text: never) => unknown, [short, long]: readonly [unknown, unknown]): Promise<number> {
  let times = 1;
  const least = { short: Number.POSITIVE_INFINITY, long: Number.POSITIVE_INFINITY };
  const grown = () => least.long / Math.max(least.short, 1 / times);
  // Code that is not compiled yet would make the short text, which comes first, seem to cost more.
  await microseconds(parse, long, 1);
  for (const looks of LOOKS) {
    for (let look = 0; look < looks; look++) {
      while ((await microseconds(parse, short, times)) * times < MIN_MICROSECONDS && times < 4_096) times *= 2;
      least.short = Math.min(least.short, await microseconds(parse, short, times));
      least.long = Math.min(least.long, await microseconds(parse, long, 1));
    }
    if (grown() < MAX_GROWTH) break;
  }
  return grown();
}

it.each(some(30, Object.entries(PARSERS)))("%s costs what it is long", async (_what, [textOf, parse]) => {
  expect(await growth(parse, [textOf(SHORT), textOf(SPAN * SHORT)])).toBeLessThan(MAX_GROWTH);
});

it("a parser that looks at everything again for each character would be seen", async () => {
  const again = (text: string) => {
    for (let at = 0; at < text.length; at++)
      for (let from = at; from < text.length; from++) if (text.charCodeAt(from) === 0x78) return;
  };
  expect(await growth(again as never, ["a".repeat(64), "a".repeat(64 * SPAN)])).toBeGreaterThan(MAX_GROWTH);
});
