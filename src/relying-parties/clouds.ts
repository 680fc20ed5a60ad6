import { assumed, documented, JWA, NOT_AHEAD, noRule, notKnown, observed, page } from "./notation.js";
import type { RelyingParty, UrlWay } from "./relying-party.js";

const GOOGLE = page("https://docs.cloud.google.com/iam/docs/workload-identity-federation-with-other-providers");
const GOOGLE_STS = page("https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token");
const GOOGLE_API = page("https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers");
const GOOGLE_TROUBLE = page("https://cloud.google.com/iam/docs/troubleshooting-workload-identity-federation");
const ENTRA = page("https://learn.microsoft.com/entra/workload-id/workload-identity-federation");
const ENTRA_LIMITS = page("https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations");
const ENTRA_TRUST = page("https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust");
const ENTRA_GRAPH = page("https://learn.microsoft.com/graph/api/resources/federatedidentitycredential");
const ENTRA_ES = page("https://github.com/AzureAD/microsoft-identity-web/issues/3467");
const ENTRA_KID = page("https://github.com/Azure/azure-workload-identity/issues/1232");
const CLAUDE = page("https://platform.claude.com/docs/en/manage-claude/wif-reference");
const OPENAI = page("https://developers.openai.com/api/docs/guides/workload-identity-federation");
const OPENAI_REFERENCE = page("https://developers.openai.com/api/reference/workload-identity-federation");
const OPENAI_SPIFFE = page("https://developers.openai.com/api/docs/guides/workload-identity-federation/spiffe");
const OPENAI_ADMIN = page(
  "https://developers.openai.com/api/reference/resources/admin/subresources/organization/subresources/workload_identity_providers/index.md",
);
const CODEX = page("https://developers.openai.com/api/docs/guides/workload-identity-federation/admin-api.md");
const CODEX_CLIENT = page("https://github.com/openai/codex/tree/main/codex-rs/workload-identity/src");

const google: RelyingParty = {
  id: "google-cloud",
  name: "Google Cloud (workload identity federation)",
  kind: "federation",
  note: "make a token for each exchange: one that was issued long ago is refused as stale, though it has not expired",
  ways: [
    {
      by: documented("discovery", GOOGLE),
      scheme: documented("https", GOOGLE, "no self-signed certificate"),
      reach: documented("Internet", GOOGLE),
      ...noRule("documented", GOOGLE, "mostKeys", "mostKeysOfAKind"),
      ...notKnown(GOOGLE, "port", "longestUrl", "newKeySeconds", "mostOctets", "members"),
    },
    {
      by: documented("jwks", GOOGLE, "each upload replaces all keys"),
      form: documented("a JWKS, as a file", GOOGLE),
      mostKeys: documented(8, GOOGLE),
      ...noRule("documented", GOOGLE, "mostKeysOfAKind"),
      members: documented({ only: ["kty", "alg", "use", "kid", "n", "e", "x", "y", "crv"] }, GOOGLE_API),
      ...notKnown(GOOGLE, "mostOctets"),
    },
  ],
  algorithms: documented(["RS256", "ES256"], GOOGLE),
  ...noRule("documented", GOOGLE, "optIn"),
  ...notKnown(GOOGLE, "leastRsaBits", "keysWithoutAlg", "kidOfKeys", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "sub", "aud", "iat", "exp"], GOOGLE_STS),
  moreClaims: documented({ others: "by the provider's mapping and condition, expressions over assertion" }, GOOGLE_API),
  issuer: documented("the provider's issuer URI, https, as discovery says it", GOOGLE),
  subject: documented({ words: "what google.subject is mapped to", octets: 127 }, GOOGLE_TROUBLE),
  audience: documented(
    { words: "an allowed audience; where none is set, the provider's full name with or without https:" },
    GOOGLE_API,
  ),
  audiences: documented({ most: 10, characters: 256 }, GOOGLE_API),
  longestLife: documented({ seconds: 86_400, from: "iat" }, GOOGLE, "48 hours by an API reference of 2022"),
  iat: documented(NOT_AHEAD, GOOGLE),
  kid: documented("required", GOOGLE_STS),
  ...notKnown(GOOGLE, "forbiddenClaims", "azp", "leeway", "nbf", "typ", "headerMembers", "longestToken", "credentials"),
  ...notKnown(GOOGLE, "reuseAtLeastSeconds", "singleUse"),
};

const azure: RelyingParty = {
  id: "azure",
  name: "Azure, Microsoft Entra (federated identity credential)",
  kind: "federation",
  ways: [
    {
      by: documented("discovery", ENTRA_TRUST),
      mostKeys: documented(100, ENTRA, "it keeps the first 100"),
      newKeySeconds: assumed(1_800, ENTRA_KID, "20 to 30 minutes were seen elsewhere; meanwhile it answers AADSTS7000272"),
      longestUrl: documented(600, ENTRA_LIMITS),
      reach: assumed("Internet", ENTRA_TRUST),
      ...notKnown(ENTRA_TRUST, "scheme", "port", "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: documented(
    ["RS256"],
    ENTRA_LIMITS,
    `others may work, it says, and were not tested; RS and PS 256 to 512 were taken, and ES refused (${ENTRA_ES.source})`,
  ),
  kidOfKeys: observed("required", ENTRA_KID),
  ...notKnown(ENTRA_TRUST, "optIn", "leastRsaBits", "keysWithoutAlg", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "sub", "aud", "exp"], ENTRA_LIMITS, "whether nbf, iat and jti are needed is not said"),
  issuer: documented("the credential's issuer, to the letter, with its slash at the end", ENTRA_LIMITS),
  subject: documented({ words: "the credential's subject, to the letter", characters: 600 }, ENTRA_LIMITS),
  audience: documented({ words: "api://AzureADTokenExchange", is: "api://AzureADTokenExchange" }, ENTRA_LIMITS),
  audiences: documented({ characters: 600 }, ENTRA_GRAPH, "one for a credential; whether a token may name several is not known"),
  kid: observed("required", ENTRA_KID),

  credentials: documented("20 for an application or managed identity", ENTRA_LIMITS),
  ...notKnown(ENTRA_LIMITS, "forbiddenClaims", "moreClaims", "azp", "longestLife", "leeway", "iat", "nbf", "headerMembers"),
  ...notKnown(ENTRA_LIMITS, "typ", "longestToken", "reuseAtLeastSeconds", "singleUse"),
};

/** What Anthropic's servers connect to. */
const CLAUDE_URL: Omit<UrlWay, "by"> = {
  scheme: documented("https", CLAUDE),
  reach: documented("Internet", CLAUDE),
  port: documented("refused", CLAUDE, "443 alone; a public name, and no address"),
  newKeySeconds: documented(900, CLAUDE),
  ...notKnown(CLAUDE, "longestUrl", "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
};
const anthropic: RelyingParty = {
  id: "anthropic",
  name: "Anthropic (workload identity federation)",
  kind: "federation",
  note: "set the rule's audience: the one that it expects otherwise is not said",
  ways: [
    { by: documented("discovery", CLAUDE), ...CLAUDE_URL },
    { by: documented("jwks-url", CLAUDE), ...CLAUDE_URL },
    {
      by: documented("jwks", CLAUDE),
      form: documented("a list of JWKs, without the object around it", CLAUDE),
      ...notKnown(CLAUDE, "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: documented(JWA, CLAUDE),
  ...noRule("documented", CLAUDE, "optIn"),
  kidOfKeys: documented("required", CLAUDE),
  ...notKnown(CLAUDE, "leastRsaBits", "keysWithoutAlg", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "sub", "aud", "iat", "exp"], CLAUDE),
  moreClaims: documented({ others: "by the rule's claims (texts) and condition" }, CLAUDE),
  issuer: documented("issuer_url, byte for byte", CLAUDE),
  subject: documented({ words: "the rule's subject_prefix: all of it, or its beginning before a *" }, CLAUDE),
  audience: documented({ words: "the rule's audience" }, CLAUDE),
  longestLife: documented({ seconds: 3_600, from: "iat" }, CLAUDE, "by default; max_jwt_lifetime_seconds takes up to 176,400"),
  leeway: documented({ exp: 30, nbf: 30, iat: 30 }, CLAUDE),
  iat: documented(NOT_AHEAD, CLAUDE),
  nbf: documented(NOT_AHEAD, CLAUDE),
  kid: documented("required", CLAUDE),
  longestToken: documented(16_384, CLAUDE),
  singleUse: documented("with-jti", CLAUDE, "by default; check_jti: false turns it off"),
  ...notKnown(CLAUDE, "forbiddenClaims", "audiences", "azp", "typ", "headerMembers", "credentials", "reuseAtLeastSeconds"),
};

/** What OpenAI's servers connect to. */
const OPENAI_URL: Omit<UrlWay, "by" | "mostKeys"> = {
  scheme: documented("https", OPENAI),
  reach: documented("Internet", OPENAI),
  port: documented("refused", OPENAI, "said of a discovery URL of one's own"),
  newKeySeconds: documented(600, OPENAI, "a kid that it does not know makes it ask again"),
  ...notKnown(OPENAI, "longestUrl", "mostKeysOfAKind", "mostOctets", "members"),
};
const openai: RelyingParty = {
  id: "openai",
  name: "OpenAI API (workload identity federation)",
  kind: "federation",
  note: "issuers other than the providers that it lists are not supported yet, it says; its form for them exists",
  ways: [
    { by: documented("discovery", OPENAI), ...OPENAI_URL, ...notKnown(OPENAI, "mostKeys") },
    {
      by: documented("jwks", OPENAI),
      form: documented("a JWKS", OPENAI),
      ...notKnown(OPENAI, "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: assumed(["RS256", "ES256"], OPENAI_SPIFFE, "it has no list; these stand in its guides"),
  kidOfKeys: documented("required", OPENAI),
  ...notKnown(OPENAI_REFERENCE, "optIn", "leastRsaBits", "keysWithoutAlg", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "aud", "sub", "exp", "iat"], OPENAI_REFERENCE),
  moreClaims: documented({ others: "by the mapping: claims that are single values, or derived by expressions" }, OPENAI),
  issuer: documented("the provider's issuer; a slash at its end makes no difference", OPENAI),
  audience: documented({ words: "the provider's audience" }, OPENAI_ADMIN),
  kid: documented("required", OPENAI_REFERENCE),
  credentials: documented("50 providers, 50 mappings each", OPENAI_REFERENCE),
  ...notKnown(OPENAI_REFERENCE, "forbiddenClaims", "subject", "audiences", "azp", "longestLife", "leeway", "iat", "nbf"),
  ...notKnown(OPENAI_REFERENCE, "typ", "headerMembers", "longestToken", "reuseAtLeastSeconds", "singleUse"),
};

const codex: RelyingParty = {
  id: "openai-codex",
  name: "OpenAI Codex (workload identity federation, beta)",
  kind: "federation",
  note: "it is a beta, on request",
  ways: [
    { by: documented("discovery", CODEX), ...OPENAI_URL, ...notKnown(CODEX, "mostKeys") },
    { by: documented("jwks-url", CODEX), ...OPENAI_URL, ...notKnown(CODEX, "mostKeys") },
    {
      by: documented("jwks", CODEX),
      form: documented("a JWKS", CODEX),
      mostKeys: documented(100, CODEX),
      mostOctets: documented(1_048_576, CODEX),
      ...notKnown(CODEX, "mostKeysOfAKind", "members"),
    },
  ],
  algorithms: assumed(["RS256", "ES256"], OPENAI_SPIFFE, "it has no list; these stand in OpenAI's guides"),
  kidOfKeys: documented("required", CODEX),
  ...notKnown(CODEX, "optIn", "leastRsaBits", "keysWithoutAlg", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "aud", "sub", "exp", "iat"], OPENAI_REFERENCE),
  moreClaims: documented({ others: "32 claims by the rule, or its condition" }, CODEX),
  issuer: documented("the provider's issuer, to the letter", CODEX),
  subject: documented({ words: "the rule's external_subject", octets: 4_096 }, CODEX),
  audience: documented({ words: "one of the provider, or of a rule's 32" }, CODEX),
  audiences: documented({ most: 32 }, CODEX),
  longestLife: documented(
    { seconds: 3_600, from: "iat" },
    CODEX,
    "by default; max_assertion_lifetime_seconds takes up to 176,400",
  ),
  kid: documented("required", OPENAI_REFERENCE),
  longestToken: observed(16_384, CODEX_CLIENT, "by its client"),
  credentials: documented("50 providers, 50 rules each", CODEX),
  singleUse: documented("no", CODEX, "by default; with check_jti a token needs a jti, and is taken once"),
  ...notKnown(CODEX, "forbiddenClaims", "azp", "leeway", "iat", "nbf", "typ", "headerMembers", "reuseAtLeastSeconds"),
};

export const CLOUDS: readonly RelyingParty[] = [google, azure, anthropic, openai, codex];
