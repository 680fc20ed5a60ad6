import { equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import { localSigner } from "../../../src/algorithms/signature.js";
import { checkConfig } from "../../../src/config/load.js";
import { EXCHANGE_MEMBERS, KEY_MEMBERS, TRUST_MEMBERS } from "../../../src/settings/trusts.js";
import { explainProof } from "../../../src/trust/explain-proof.js";
import { createKeySet } from "../../../src/trust/key-set.js";
import { createKeySources } from "../../../src/trust/key-sources.js";
import { readUnverified } from "../../../src/trust/verify-by-ways.js";
import { assertion, CLIENT_CREDENTIALS, JWT_BEARER, NOW, provenRoutes, TOKEN_EXCHANGE, TYPE } from "../../http/proofs-fixture.js";
import { jwksOf, proofsOf } from "../../trust/fixture.js";
import { keySet, keys } from "../grammar/keys.js";
import { IDP, proofMembers } from "../grammar/rules.js";
import { INHERITED, ISSUER, json, likely, PRIVATE_VALUE, text, tokens } from "../grammar/words.js";
import { ours } from "../judge.js";
import { target } from "../target.js";

const FILE = "/etc/signet/signet.json";
const signer = localSigner({ privateKey: keys.ec, alg: "ES256", kid: "idp" });
const signedBy = (header: object, payload: object): string => {
  const input = `${encoded(header)}.${encoded(payload)}`;
  return `${input}.${Buffer.from(signer.sign(input)).toString("base64url")}`;
};
const encoded = (content: object) => Buffer.from(JSON.stringify(content)).toString("base64url");
const clock = () => NOW;

const said = likely({
  iss: fc.constantFrom(IDP, "ci", ISSUER),
  sub: fc.oneof({ weight: 3, arbitrary: fc.constantFrom("repo:acme/app", "ci", "user:alice") }, text),
  aud: fc.oneof({ weight: 4, arbitrary: fc.constant(ISSUER) }, fc.array(fc.oneof(fc.constant(ISSUER), text))),
  iat: fc.constantFrom(NOW, NOW - 10, NOW + 61, 0),
  exp: fc.constantFrom(NOW + 60, NOW + 86_400, NOW - 100, 1e308),
  jti: text,
  scope: fc.oneof(fc.constantFrom("read", "read write"), text),
  act: json,
  may_act: json,
});
const heads = likely({
  alg: fc.constantFrom("ES256", "ES256", "none", "RS256"),
  kid: fc.oneof(fc.constantFrom("idp", "idp", ...INHERITED), text),
  typ: fc.oneof(fc.constantFrom("JWT", "at+jwt"), text),
});
/** A token that the issuer has signed, whatever it says. */
const signed = fc.tuple(heads, said).map(([header, payload]) => signedBy(header, payload));

const token = fc.oneof({ weight: 4, arbitrary: signed }, tokens("idp"));

const rule = { issuer: IDP, jwks: jwksOf({ signer } as never), maxAgeSeconds: 3_600 };
const ci = {
  trusts: [
    { ...rule, claims: { sub: { prefix: "repo:acme/" } }, claimsFromProof: { sub: "sub", jti: "run" }, subjectPrefix: "x:" },
  ],
  exchanges: [{ ...rule, audiences: ["https://api.example"], scopes: ["read", "write"], subjectPrefix: "y:" }],
  keys: { jwks: rule.jwks },
} as never;

const CALLER = { trusts: TRUST_MEMBERS, exchanges: EXCHANGE_MEMBERS, keys: KEY_MEMBERS };

/** Mostly what is right, so that what stands behind it is reached. */
const mostly = (right: string, otherwise: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: otherwise });
let made = 0;
/** A token that is right, and was never used. */
const right = (claims: object) =>
  fc.constant(claims).map((more) => {
    const payload = { iss: IDP, sub: "repo:acme/app", aud: ISSUER, iat: NOW, exp: NOW + 60, jti: `right-${made++}`, ...more };
    return signedBy({ alg: "ES256", kid: "idp", typ: "JWT" }, payload);
  });
const shownToken = (claims: object) => fc.oneof({ weight: 6, arbitrary: right(claims) }, { weight: 1, arbitrary: token });
const client = {
  client_assertion: fc.oneof(shownToken({}), shownToken({ iss: "ci", sub: "ci" })),
  client_assertion_type: mostly(assertion("").client_assertion_type, text),
};
const audience = { audience: mostly("https://api.example", fc.array(text, { maxLength: 2 })) };
const tokenType = mostly(`${TYPE}jwt`, fc.oneof(fc.constantFrom(`${TYPE}access_token`, `${TYPE}id_token`), text));
const forms = fc.oneof(
  likely({ grant_type: mostly(CLIENT_CREDENTIALS, text), ...client, ...audience }),
  likely({ grant_type: mostly(JWT_BEARER, text), assertion: shownToken({}), ...audience }),
  likely({
    grant_type: mostly(TOKEN_EXCHANGE, text),
    ...client,
    subject_token: shownToken({ sub: "user:alice", scope: "read" }),
    subject_token_type: tokenType,
    ...audience,
  }),
);
const extra = likely({
  client_id: mostly("ci", fc.constantFrom(...INHERITED)),
  actor_token: shownToken({ sub: "user:svc" }),
  actor_token_type: tokenType,
  resource: mostly("https://api.example", text),
  scope: mostly("read", text),
}).chain((all) => fc.subarray(Object.keys(all)).map((kept) => Object.fromEntries(kept.map((each) => [each, all[each]]))));
const form = fc.tuple(forms, extra).map(([asked, more]) => {
  const parameters = Object.entries({ ...more, ...asked }).flatMap(([name, value]) => pairs(name, value));
  return new URLSearchParams(parameters).toString();
});

function pairs(name: string, value: unknown): [string, string][] {
  return [value].flat().flatMap((each) => (typeof each === "string" ? [[name, each.toWellFormed()] as [string, string]] : []));
}

let routes: ReturnType<typeof provenRoutes> | undefined;

export const PROOF_TARGETS = [
  target("what a config says of proofs", likely(proofMembers), (caller) => {
    ok(Object.keys(CALLER).every((each) => each in proofMembers));
    const members = { issuer: ISSUER, callers: { ci: caller } };
    return ours(() => void checkConfig(members, FILE, { env: {}, text: JSON.stringify(members), onDoubt: () => undefined }));
  }),
  target("a token that is to prove a caller", token, async (given) => {
    const proofs = proofsOf({ ci }, { issuer: ISSUER, clock });
    const proof = await ours(() => proofs.prove(given, {}));
    if (proof !== undefined) equal(proof.caller, "ci");
    await ours(() => proofs.exchangeable("ci", given));
    await ours(() => explainProof(given, { callers: { ci }, issuer: ISSUER, sources: createKeySources({ clock }), clock }));
  }),
  target("keys of an issuer that a rule trusts", fc.tuple(keySet, signed), async ([jwks, given]) => {
    const list = (jwks as { readonly keys?: unknown } | null)?.keys;
    if (!Array.isArray(list)) return;
    for (const use of ["sig", "jwt-svid"] as const) {
      for (const algorithms of [undefined, ["ES256"] as const])
        await ours(() => void createKeySet({ keys: list }, use, clock).verifierFor(algorithms)(readUnverified(given)));
    }
  }),
  target("what is asked of /token", form, async (sent) => {
    routes ??= provenRoutes({ ci, web: {} });
    const { token: ask, bearer, notes } = routes;
    notes.length = 0;
    // An address that fails often is asked to wait.
    const answer = await ask(sent, undefined, { address: `192.0.2.${made++}` });
    const body = await answer.text();
    ok(answer.status >= 200 && answer.status < 500, `the answer is ${answer.status}: ${body}`);
    equal(answer.headers.get("cache-control"), "no-store");
    match(body, answer.status === 200 ? /^\{"access_token":"/ : /^\{"error":"[a-z_]+","error_description":"/);
    const shown = new URLSearchParams(sent).get("client_assertion");
    if (shown !== null && /^[\w.-]+$/.test(shown)) ok((await bearer(shown)).status < 500);
    if (answer.status !== 200)
      ok(!body.includes(PRIVATE_VALUE) && !String((notes[0]?.failure as Error | undefined)?.message).includes(PRIVATE_VALUE));
  }),
];
