import fc from "fast-check";
import { PRESET_NAMES } from "../../../src/settings/trusts.js";
import { keySet } from "./keys.js";
import { ISSUER, json, likely, name, number, text } from "./words.js";

/** An issuer that rules trust. */
export const IDP = "https://idp.example";

const issuer = fc.oneof(
  fc.constantFrom(IDP, ISSUER, "https://token.actions.githubusercontent.com", "https://gitlab.com", "spiffe://example.org"),
  fc.constantFrom("https://127.0.0.1", "http://[::ffff:169.254.169.254]", "HTTPS://IDP.example", "https://a:b@idp.example"),
  text,
);
const value = fc.oneof(
  text,
  number,
  fc.boolean(),
  fc.record({ prefix: fc.oneof(fc.constantFrom("repo:acme/", "repo:acme", "repo:", "://", "https://"), text) }),
  fc.record({ not: json }),
);
const claimName = fc.oneof(
  fc.constantFrom("sub", "repository_id", "project_id", "oid", "kubernetes.io", "event_name", "tid"),
  name,
);
/** What a rule says of claims. */
const ruleClaims = fc.dictionary(claimName, fc.oneof(value, fc.array(value, { maxLength: 3 }), json), { maxKeys: 3 });
const place = {
  jwks: keySet,
  jwksUrl: issuer,
  algorithms: fc.array(fc.oneof(fc.constantFrom("ES256", "none", "HS256"), text), { maxLength: 2 }),
  privateNetwork: fc.boolean(),
  caFile: text,
  proxy: fc.oneof(fc.constantFrom("http://proxy.example:3128", "socks5://proxy", "http://a:b@proxy"), text),
};
const ruleMembers = {
  ...place,
  preset: fc.oneof(fc.constantFrom(...PRESET_NAMES), text),
  issuer,
  audience: issuer,
  sharedAudience: fc.boolean(),
  claims: ruleClaims,
  any: fc.boolean(),
  types: fc.array(text, { maxLength: 2 }),
  maxAgeSeconds: number,
  singleUse: fc.boolean(),
  claimsFromProof: fc.dictionary(name, fc.oneof(fc.constantFrom("repo", "sub", "iss"), text), { maxKeys: 2 }),
  subjectPrefix: fc.oneof(fc.constantFrom("github:", "w", ""), text),
  disabled: fc.boolean(),
};

/** A few members of a rule: with all of them none is right. */
function some(members: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<unknown> {
  return fc
    .subarray(Object.keys(members))
    .chain((kept) => likely(Object.fromEntries(kept.map((each) => [each, members[each] as never]))));
}

/** What of a caller concerns proofs. */
export const proofMembers = {
  trusts: fc.array(some(ruleMembers), { maxLength: 2 }),
  keys: some({ ...place, acceptTokenEndpointAudience: fc.boolean() }),
  exchanges: fc.array(some({ ...ruleMembers, audiences: fc.array(text), scopes: fc.array(text) }), { maxLength: 2 }),
  may: fc.array(fc.oneof(fc.constantFrom("metrics", "issue"), text), { maxLength: 2 }),
};
