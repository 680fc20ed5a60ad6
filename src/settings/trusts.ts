import { about } from "./about.js";
import { group, listOfTexts, oneOf, type Shape, seconds, text, type Values } from "./shape.js";

const JWKS = { type: "object", title: 'a JWKS: {"keys": [...]}' } as const;
const YES_OR_NO = { type: "boolean", title: "true or false" } as const;

/** Claims of a proof: a value, a list of which one will do, an object for the members of one, or `{"prefix": "repo:acme/"}`. */
const CLAIMS = { type: "object", title: "an object of claims" } as const;

/** Those of whom `trust/presets.ts` knows what their tokens say. */
export const PRESET_NAMES = [
  "github-actions",
  "gitlab",
  "buildkite",
  "kubernetes",
  "aws",
  "gcp",
  "azure",
  "spiffe",
  "signet",
] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

/** When the token of another issuer proves a caller. One description: `signet.json`, the callers of the stack, and the command. */
export const TRUST_MEMBERS = {
  preset: {
    ...oneOf(PRESET_NAMES),
    ...about("What knows issuer, audience and the claims that identify; its rules hold beside these.", "github-actions"),
  },
  issuer: {
    ...text("an issuer, as it stands in iss"),
    ...about("The issuer whose tokens are proofs.", "https://token.actions.githubusercontent.com", { fallback: "the preset's" }),
  },
  jwksUrl: {
    ...text("a URL"),
    format: "uri",
    ...about("Where its keys are.", "https://issuer.example/jwks.json", { fallback: "found by discovery" }),
  },
  jwks: { ...JWKS, ...about("Its keys, pasted: they are renewed by hand alone.", { keys: [] }) },
  jwksPastedAt: {
    type: "integer",
    minimum: 0,
    unit: "seconds since 1970",
    title: "a whole number of seconds since 1970",
    ...about("When they were pasted; `signet callers` writes it, and tells their age.", 1_764_000_000),
  },
  audience: {
    ...text("an audience"),
    ...about("The only audience that a proof may have.", "https://issuer.example", { fallback: "the issuer's URL" }),
  },
  sharedAudience: {
    ...YES_OR_NO,
    ...about("True takes an audience that other parties share, such as sts.amazonaws.com.", true),
  },
  claims: { ...CLAIMS, ...about("What the claims of a proof must say.", { repository_id: "1234", ref: "refs/heads/main" }) },
  any: { ...YES_OR_NO, ...about("True trusts every holder of a token of the issuer: no claim has to identify.", true) },
  types: {
    ...listOfTexts("a list of types"),
    ...about("The types of tokens that are proofs.", ["JWT"], { fallback: "JWT, or none" }),
  },
  algorithms: {
    ...listOfTexts("a list of algorithms"),
    ...about("The algorithms of its keys.", ["RS256"], { fallback: "the keys' own" }),
  },
  maxAgeSeconds: { ...seconds(1, 86_400), default: 3_600, ...about("How long ago a proof may have been issued.", 600) },
  singleUse: { ...YES_OR_NO, ...about("True takes each proof once; it must have a jti.", true) },
  claimsFromProof: {
    type: "object",
    title: "an object with the name of a claim for each claim of the proof",
    ...about("Claims that tokens get from the proof: the proof's name, and ours.", { repository: "repo" }),
  },
  subjectPrefix: {
    ...text("a text"),
    ...about("What a sub that is taken from the proof begins with.", "github:"),
  },
  privateNetwork: { ...YES_OR_NO, ...about("True fetches its keys from addresses that are not public, too.", true) },
  caFile: {
    ...text("the path of a file"),
    ...about("Certificates (PEM) that its server's is checked with, instead of the system's.", "cluster-ca.pem"),
  },
  proxy: {
    ...text("a URL"),
    format: "uri",
    ...about("The HTTP proxy by which its keys are fetched.", "http://proxy.example:3128"),
  },
  disabled: { ...YES_OR_NO, ...about("True switches the rule off.", true) },
} as const satisfies Shape;

/** The keys with which a caller signs its own proofs (`private_key_jwt`, RFC 7523 section 2.2). */
export const KEY_MEMBERS = {
  jwks: { ...JWKS, ...about("Its public keys.", { keys: [] }) },
  jwksUrl: { ...text("a URL"), format: "uri", ...about("Where its public keys are.", "https://client.example/jwks.json") },
  algorithms: TRUST_MEMBERS.algorithms,
  acceptTokenEndpointAudience: {
    ...YES_OR_NO,
    ...about("True takes the token endpoint's URL as audience too, which an attacker's server could have named.", true),
  },
  privateNetwork: TRUST_MEMBERS.privateNetwork,
  caFile: TRUST_MEMBERS.caFile,
  proxy: TRUST_MEMBERS.proxy,
} as const satisfies Shape;

/** Whose tokens a caller may exchange (RFC 8693), and for what. */
export const EXCHANGE_MEMBERS = {
  // What is exchanged has this issuer as its only audience, and no other can be allowed.
  ...(({ sharedAudience, ...members }) => members)(TRUST_MEMBERS),
  audiences: {
    ...listOfTexts("a list of audiences"),
    required: true,
    ...about("The audiences that may be asked for.", ["https://api.example"]),
  },
  scopes: { ...listOfTexts("a list of scopes"), ...about("The scopes that may be asked for.", ["read"], { fallback: "none" }) },
} as const satisfies Shape;

/** What of a caller concerns proofs: members of it beside `limits` and `secrets`. */
export const PROOF_MEMBERS = {
  trusts: {
    type: "array",
    title: "a list of rules",
    items: group(TRUST_MEMBERS),
    ...about("Whose tokens prove this caller.", []),
  },
  keys: {
    ...group(KEY_MEMBERS),
    ...about("The keys with which it signs its own proofs.", { jwksUrl: "https://client.example/jwks.json" }),
  },
  exchanges: {
    type: "array",
    title: "a list of exchanges",
    items: group(EXCHANGE_MEMBERS),
    ...about("Whose tokens it may exchange.", []),
  },
} as const satisfies Shape;

/** A rule as it is written: what its preset knows is not in it yet. */
export type TrustRule = Values<typeof TRUST_MEMBERS>;
/** A caller's own keys. */
export type CallerKeys = Values<typeof KEY_MEMBERS>;
/** What a caller may exchange. */
export type ExchangeRule = Values<typeof EXCHANGE_MEMBERS>;
/** What of a caller concerns proofs. */
export type ProofSettings = Values<typeof PROOF_MEMBERS>;
