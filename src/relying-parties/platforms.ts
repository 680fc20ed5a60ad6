import {
  assumed,
  CLASSIC,
  documented,
  ES,
  GO_JOSE_KINDS,
  JWA,
  NOT_AHEAD,
  NOT_LOOKED_AT,
  noRule,
  notKnown,
  observed,
  page,
  RS,
} from "./notation.js";
import type { RelyingParty, UrlWay } from "./relying-party.js";

const K8S = page("https://kubernetes.io/docs/reference/access-authn-authz/authentication/");
const K8S_CODE = page(
  "https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apiserver/plugin/pkg/authenticator/token/oidc/oidc.go",
);
const K8S_KINDS = page("https://github.com/kubernetes/kubernetes/issues/141838");
const HOTSOCK = page("https://hotsock.io/docs/connections/claims");
const HOTSOCK_KEYS = page("https://hotsock.io/docs/connections/authentication");
const SF = page("https://docs.snowflake.com/en/user-guide/workload-identity-federation");
const SF_USER = page("https://docs.snowflake.com/en/sql-reference/sql/create-user");
const SF_POLICY = page("https://docs.snowflake.com/en/sql-reference/sql/create-authentication-policy");
const SF_OAUTH = page("https://docs.snowflake.com/en/sql-reference/sql/create-security-integration-oauth-external");
const SF_CUSTOM = page("https://docs.snowflake.com/en/user-guide/oauth-ext-custom");
const SF_HTTPS = page("https://docs.snowflake.com/en/release-notes/bcr-bundles/2026_02/bcr-2218");
const BRICKS = page("https://docs.databricks.com/aws/en/dev-tools/auth/oauth-federation-policy");
const BRICKS_EXCHANGE = page("https://docs.databricks.com/aws/en/dev-tools/auth/oauth-federation-exchange");
const VAULT = page("https://developer.hashicorp.com/vault/api-docs/auth/jwt");
const CAP = page("https://github.com/hashicorp/cap/blob/main/jwt/jwt.go");
const CAP_KEYS = page("https://github.com/hashicorp/cap/blob/main/jwt/keyset.go");
const CAP_ALGORITHMS = page("https://github.com/hashicorp/cap/blob/main/jwt/algs.go");
const TAILSCALE = page("https://tailscale.com/docs/features/workload-identity-federation");
const MCP = page("https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization");
const MCP_SAFETY = page("https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/security-considerations");
const FASTMCP = page("https://github.com/PrefectHQ/fastmcp/blob/main/src/fastmcp/server/auth/providers/jwt.py");
const MCP_SDK = page("https://github.com/modelcontextprotocol/typescript-sdk");
const MCP_WIF = page(
  "https://github.com/modelcontextprotocol/ext-auth/blob/main/specification/draft/workload-identity-federation.mdx",
);

const kubernetes: RelyingParty = {
  id: "kubernetes",
  name: "Kubernetes API server",
  kind: "verifier",
  note: "it may be inside the network that the issuer is in",
  ways: [
    {
      by: documented("discovery", K8S, "another discoveryURL may be given"),
      scheme: documented("https", K8S),
      reach: documented("anywhere", K8S),
      port: documented("taken", K8S),
      ...noRule("observed", K8S_CODE, "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
      newKeySeconds: observed(0, K8S_CODE, "for a kid that it does not know it asks again"),
      ...notKnown(K8S, "longestUrl"),
    },
  ],
  algorithms: documented(["RS256"], K8S, "by its flags; AuthenticationConfiguration takes all nine with nothing to set"),
  optIn: documented({ algorithms: JWA, by: "--oidc-signing-algs, or structured authentication" }, K8S),
  keysWithoutAlg: observed({ words: "it takes the token's alg, if it takes that algorithm" }, K8S_CODE),
  kidOfKeys: observed("optional", K8S_CODE),
  onlyKinds: observed(GO_JOSE_KINDS, K8S_KINDS),
  ...noRule("observed", K8S_CODE, "leastRsaBits", "longestLife"),
  ...notKnown(K8S_CODE, "wholeOctets"),
  requiredClaims: documented(["iss", "aud", "exp", "sub"], K8S, "sub, unless another claim names the user"),
  forbiddenClaims: documented([], K8S),
  moreClaims: documented({ email: "as the user's name it needs email_verified, where that is there, to be true" }, K8S),
  issuer: documented("discovery's issuer and iss, to the letter; https, without user, query or fragment", K8S),
  audience: documented({ words: "the client id, or one of audiences" }, K8S),
  azp: observed("ignored", K8S_CODE),
  leeway: observed({ exp: 0, nbf: 60 }, K8S_CODE),
  iat: observed(NOT_LOOKED_AT, K8S_CODE),
  nbf: observed(NOT_AHEAD, K8S_CODE),
  kid: observed("optional", K8S_CODE),
  credentials: documented("one issuer by flags, 64 by AuthenticationConfiguration", K8S),
  singleUse: observed("no", K8S_CODE),
  ...notKnown(K8S, "subject", "audiences", "typ", "headerMembers", "longestToken", "reuseAtLeastSeconds"),
};

const hotsock: RelyingParty = {
  id: "hotsock",
  name: "Hotsock",
  kind: "verifier",
  note: "it holds a pasted PEM, which no rotation reaches: rotate by hand, and paste the next one before",
  ways: [
    {
      by: documented("pem", HOTSOCK_KEYS),
      form: documented("PEM of a public key", HOTSOCK_KEYS),
      ...notKnown(HOTSOCK_KEYS, "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: assumed([...RS, ...ES], HOTSOCK_KEYS, "RSA and ECDSA are documented, their hashes were not found"),
  keysWithoutAlg: assumed({ words: "it has a PEM, which names none: choose the algorithm there" }, HOTSOCK_KEYS),
  ...notKnown(HOTSOCK_KEYS, "optIn", "leastRsaBits", "kidOfKeys", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["exp", "scope"], HOTSOCK),
  moreClaims: documented({ scope: "connect, and more" }, HOTSOCK),
  issuer: documented("what the installation demands, where it does", HOTSOCK),
  audience: documented({ words: "what the installation demands, where it does" }, HOTSOCK),
  ...notKnown(HOTSOCK, "forbiddenClaims", "subject", "audiences", "azp", "longestLife", "leeway", "iat", "nbf"),
  typ: documented("JWT", HOTSOCK_KEYS),
  ...notKnown(HOTSOCK_KEYS, "kid", "headerMembers", "longestToken", "credentials", "reuseAtLeastSeconds", "singleUse"),
};

const snowflake: RelyingParty = {
  id: "snowflake",
  name: "Snowflake (workload identity federation)",
  kind: "federation",
  ways: [
    {
      by: documented("discovery", SF),
      scheme: documented("https", SF_USER),
      reach: documented("Internet", SF),
      port: documented("taken", SF_POLICY, "said of the issuers that a policy allows"),
      longestUrl: documented(2_048, SF_USER),
      newKeySeconds: documented(3_600, SF),
      ...notKnown(SF, "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: documented([...RS, ...ES], SF),
  ...noRule("documented", SF, "optIn"),
  ...notKnown(SF, "leastRsaBits", "keysWithoutAlg", "kidOfKeys", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "sub", "aud", "exp", "iat"], SF),
  issuer: documented("the user's ISSUER, to the letter", SF_USER),
  subject: documented({ words: "the user's SUBJECT, to the letter", characters: 255 }, SF_USER),
  audience: documented({ words: "of OIDC_AUDIENCE_LIST, else snowflakecomputing.com; name no other beside it" }, SF),
  ...notKnown(SF, "forbiddenClaims", "moreClaims", "audiences", "azp", "longestLife", "leeway", "iat", "nbf"),
  credentials: documented("one user in an account for a pair of issuer and subject", SF),
  ...notKnown(SF, "kid", "typ", "headerMembers", "longestToken", "reuseAtLeastSeconds", "singleUse"),
};

const snowflakeOauth: RelyingParty = {
  id: "snowflake-external-oauth",
  name: "Snowflake (External OAuth)",
  kind: "federation",
  note: "scope is split at commas unless EXTERNAL_OAUTH_SCOPE_DELIMITER is a space",
  ways: [
    {
      by: documented("jwks-url", SF_OAUTH),
      scheme: documented("https", SF_HTTPS),
      reach: assumed("Internet", SF_OAUTH),
      ...notKnown(SF_OAUTH, "port", "longestUrl", "newKeySeconds"),
      ...notKnown(SF_OAUTH, "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
    {
      by: documented("pem", SF_OAUTH),
      form: documented("the body of an RSA key's SPKI PEM, without its first and last line", SF_OAUTH),
      mostKeys: documented(2, SF_OAUTH),
      ...notKnown(SF_OAUTH, "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: documented(RS, SF_CUSTOM),
  optIn: documented({ algorithms: [...RS, ...ES], by: "the Python driver alone" }, SF_CUSTOM),
  ...notKnown(SF_CUSTOM, "leastRsaBits", "keysWithoutAlg", "kidOfKeys", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "aud", "exp", "iat", "scp|scope"], SF_CUSTOM, "and the claim that names the user"),
  moreClaims: documented({ scope: "session:role:NAME, or session:role-any; scp as a list" }, SF_CUSTOM),
  issuer: documented("EXTERNAL_OAUTH_ISSUER", SF_OAUTH),
  audience: documented({ words: "the account's URL, or of EXTERNAL_OAUTH_AUDIENCE_LIST" }, SF_OAUTH),
  ...notKnown(SF_CUSTOM, "forbiddenClaims", "subject", "audiences", "azp", "longestLife", "leeway"),
  iat: documented(NOT_AHEAD, SF_CUSTOM),
  nbf: documented(NOT_AHEAD, SF_CUSTOM),
  ...notKnown(SF_CUSTOM, "kid", "typ", "headerMembers", "longestToken", "credentials", "reuseAtLeastSeconds", "singleUse"),
};

const databricks: RelyingParty = {
  id: "databricks",
  name: "Databricks (token federation)",
  kind: "federation",
  note: "what it answers lives as long as our token",
  ways: [
    {
      by: documented("discovery", BRICKS),
      scheme: documented("https", BRICKS),
      reach: assumed("Internet", BRICKS),
      ...notKnown(BRICKS, "port", "longestUrl", "newKeySeconds"),
      ...notKnown(BRICKS, "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
    {
      by: documented("jwks-url", BRICKS),
      reach: assumed("Internet", BRICKS),
      ...notKnown(BRICKS, "scheme", "port", "longestUrl", "newKeySeconds"),
      ...notKnown(BRICKS, "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
    {
      by: documented("jwks", BRICKS),
      form: documented("a JWKS, as a text in jwks_json", BRICKS),
      ...notKnown(BRICKS, "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: documented(["RS256", "ES256"], BRICKS),
  ...noRule("documented", BRICKS, "optIn"),
  ...notKnown(BRICKS, "leastRsaBits", "keysWithoutAlg", "kidOfKeys", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "aud", "sub", "exp"], BRICKS, "sub, unless subject_claim names another"),
  issuer: documented("the policy's issuer", BRICKS),
  subject: documented({ words: "a service principal's policy names it, an account's must not" }, BRICKS),
  audience: documented({ words: "one of audiences, else the account's id" }, BRICKS),
  ...notKnown(BRICKS, "forbiddenClaims", "moreClaims", "audiences", "azp", "longestLife", "leeway", "iat", "nbf"),
  credentials: documented("20 policies for a service principal", BRICKS),
  ...notKnown(BRICKS_EXCHANGE, "kid", "typ", "headerMembers", "longestToken", "reuseAtLeastSeconds", "singleUse"),
};

/** Vault's two URLs alike. */
const VAULT_URL: Omit<UrlWay, "by"> = {
  scheme: observed("http", CAP_KEYS),
  reach: documented("anywhere", VAULT),
  port: observed("taken", CAP_KEYS),
  newKeySeconds: observed(0, CAP_KEYS, "for a kid that it does not know it asks again"),
  ...notKnown(VAULT, "longestUrl", "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
};
const vault: RelyingParty = {
  id: "vault",
  name: "Vault, OpenBao (JWT auth method)",
  kind: "federation",
  note: "role_type must be jwt, and the role needs a bound rule; a token with aud needs bound_audiences",
  ways: [
    { by: documented("discovery", VAULT), ...VAULT_URL },
    { by: documented("jwks-url", VAULT), ...VAULT_URL },
    {
      by: documented("pem", VAULT),
      form: observed("PEM of RSA or EC, a public key or a certificate; no Ed25519", CAP_KEYS),
      ...noRule("documented", VAULT, "mostKeys"),
      ...notKnown(VAULT, "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: documented(
    CLASSIC,
    CAP_ALGORITHMS,
    "of roles of the type jwt; earlier versions took RS256: set jwt_supported_algs",
  ),
  ...noRule("documented", VAULT, "optIn"),
  kidOfKeys: observed("optional", CAP_KEYS),
  onlyKinds: observed(GO_JOSE_KINDS, CAP_KEYS, "until go-oidc 3.21 is part of it"),
  ...notKnown(CAP_KEYS, "leastRsaBits", "keysWithoutAlg", "wholeOctets"),
  requiredClaims: documented(["sub", "iat|nbf|exp"], VAULT, "sub, unless user_claim names another"),
  issuer: documented("bound_issuer, where it is set; discovery's issuer is the URL to the letter", VAULT),
  audience: documented({ words: "one of bound_audiences, which a token with aud needs" }, VAULT),
  azp: observed("ignored", CAP),
  ...noRule("observed", CAP, "longestLife"),
  leeway: documented({ exp: 60, nbf: 60, iat: 60 }, VAULT, "a token without exp lives 150 seconds"),
  iat: observed(NOT_AHEAD, CAP),
  nbf: observed(NOT_AHEAD, CAP),
  kid: observed("optional", CAP_KEYS),
  singleUse: observed("no", CAP),
  ...notKnown(VAULT, "forbiddenClaims", "moreClaims", "subject", "audiences", "typ", "headerMembers", "longestToken"),
  ...notKnown(VAULT, "credentials", "reuseAtLeastSeconds"),
};

const tailscale: RelyingParty = {
  id: "tailscale",
  name: "Tailscale (workload identity federation)",
  kind: "federation",
  note: "it says nowhere which algorithms it takes; RS256 and ES384 are in use",
  ways: [
    {
      by: documented("discovery", TAILSCALE),
      scheme: documented("https", TAILSCALE),
      reach: documented("Internet", TAILSCALE),
      ...notKnown(TAILSCALE, "port", "longestUrl", "newKeySeconds", "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  ...notKnown(TAILSCALE, "algorithms", "optIn", "leastRsaBits", "keysWithoutAlg", "kidOfKeys", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "aud", "sub", "exp"], TAILSCALE),
  moreClaims: documented({ others: "by customClaimRules, whose * stands for any text" }, TAILSCALE),
  issuer: documented("the credential's issuer", TAILSCALE),
  subject: documented({ words: "a pattern, in which * stands for any text" }, TAILSCALE),
  audience: documented({ words: "api.tailscale.com/ and the client id, or another that is set" }, TAILSCALE),
  ...notKnown(TAILSCALE, "forbiddenClaims", "audiences", "azp", "longestLife", "leeway", "iat", "nbf"),
  ...notKnown(TAILSCALE, "kid", "typ", "headerMembers", "longestToken", "credentials", "reuseAtLeastSeconds", "singleUse"),
};

const mcpServer: RelyingParty = {
  id: "mcp-server",
  name: "MCP server (access token)",
  kind: "verifier",
  note: "the specification names no algorithm; FastMCP takes RS256 unless it is told another, and refuses a set with one key that it cannot read",
  ways: [
    {
      by: observed("jwks-url", FASTMCP),
      scheme: observed("http", FASTMCP, "https alone with ssrf_safe"),
      reach: observed("anywhere", FASTMCP),
      mostOctets: observed(65_536, FASTMCP, "with ssrf_safe"),
      newKeySeconds: observed(0, FASTMCP, "for a kid that it does not know it asks again"),
      ...notKnown(FASTMCP, "port", "longestUrl", "mostKeys", "mostKeysOfAKind", "members"),
    },
    {
      by: observed("pem", FASTMCP),
      form: observed("PEM of a public key", FASTMCP),
      mostKeys: observed(1, FASTMCP),
      ...notKnown(FASTMCP, "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  ...notKnown(MCP, "algorithms", "optIn", "leastRsaBits", "keysWithoutAlg", "kidOfKeys", "onlyKinds", "wholeOctets"),
  requiredClaims: observed(["aud", "exp"], MCP_SDK, "the specification demands aud, its TypeScript SDK exp"),
  audience: documented({ words: "the server's own URI: no fragment, scheme and host in lower case" }, MCP),
  ...notKnown(MCP, "forbiddenClaims", "moreClaims", "issuer", "subject", "audiences", "azp"),
  ...noRule("documented", MCP_SAFETY, "longestLife"),
  kid: observed("several", FASTMCP),
  singleUse: documented("no", MCP),
  ...notKnown(MCP, "leeway", "iat", "nbf", "typ", "headerMembers", "longestToken", "credentials", "reuseAtLeastSeconds"),
};

const mcpFederation: RelyingParty = {
  id: "mcp-federation",
  name: "MCP authorization server (workload identity federation, a draft)",
  kind: "federation",
  note: "it is a draft; the MCP server's URI goes into resource, not into aud",
  ways: [
    {
      by: documented("jwks-url", MCP_WIF, "or discovery: the server maps an issuer, or finds its keys"),
      scheme: documented("https", MCP_WIF),
      ...notKnown(MCP_WIF, "reach", "port", "longestUrl", "newKeySeconds"),
      ...notKnown(MCP_WIF, "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  ...notKnown(MCP_WIF, "algorithms", "optIn", "leastRsaBits", "keysWithoutAlg", "kidOfKeys", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "sub", "aud", "exp", "iat", "jti"], MCP_WIF),
  subject: documented({ words: "the workload, no client id" }, MCP_WIF),
  audience: documented({ words: "the URL of the authorization server's token endpoint" }, MCP_WIF),
  ...notKnown(MCP_WIF, "forbiddenClaims", "moreClaims", "issuer", "audiences", "azp", "longestLife", "leeway", "iat", "nbf"),
  singleUse: documented("yes", MCP_WIF, "jti is there against replay; that a server remembers it is not demanded"),
  ...notKnown(MCP_WIF, "kid", "typ", "headerMembers", "longestToken", "credentials", "reuseAtLeastSeconds"),
};

export const PLATFORM_VERIFIERS: readonly RelyingParty[] = [kubernetes, hotsock, mcpServer];
export const PLATFORM_FEDERATIONS: readonly RelyingParty[] = [
  ...[snowflake, snowflakeOauth, databricks, vault, tailscale, mcpFederation],
];
