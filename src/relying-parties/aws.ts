import {
  ALL,
  assumed,
  assumedOf,
  documented,
  ES,
  GO_JOSE_KINDS,
  JWA,
  NOT_AHEAD,
  noRule,
  notKnown,
  observed,
  page,
  RS,
} from "./notation.js";
import { OWN_VERIFIER } from "./own-verifier.js";
import type { PartyRules, RelyingParty, UrlWay } from "./relying-party.js";

const BEFORE = "2026-11-24";
const HTTP = page("https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html");
const HTTP_QUOTAS = page("https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html");
const REST = page("https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-jwt-authorizer-create.html");
const REST_KEYS = page("https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-jwt-authorizer-keys.html");
const OURS = page("docs/lambda.md", BEFORE);
const ALB = page("https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-verify-jwt.html");
const STS = page("https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html");
const PROVIDER = page("https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html");
const PROVIDER_API = page("https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html");
const OIDC = page("https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html");
const SESSION_TAGS = page("https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html");
/** 186 requests to STS, recorded by its author on 2026-09-11. */
const MEASURED = page("https://github.com/radkawar/stackd/blob/9dc356f5/internal/services/sts/testdata/oidc/README.md");
const IDENTITY_POOL = page("https://docs.aws.amazon.com/cognito/latest/developerguide/open-id.html", BEFORE);
const EKS = page("https://docs.aws.amazon.com/eks/latest/userguide/authenticate-oidc-identity-provider.html");
const APPSYNC = page("https://docs.aws.amazon.com/appsync/latest/APIReference/API_OpenIDConnectConfig.html");
const APPSYNC_BEFORE = page("https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html", BEFORE);
const APPSYNC_CDK = page("https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_appsync.AppSyncOpenIdConnectConfig.html");
const AGENTCORE = page("https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/inbound-jwt-authorizer.html");

const httpApi: RelyingParty = {
  id: "http-api",
  name: "API Gateway, HTTP API (JWT authorizer)",
  kind: "verifier",
  note: "aud, or client_id where aud lacks, must be on its list",
  ways: [
    {
      by: documented("discovery", HTTP, "discovery and JWKS have to answer within 1,500 ms each"),
      scheme: documented("https", HTTP),
      reach: documented("Internet", HTTP),
      longestUrl: documented(2_048, HTTP_QUOTAS),
      newKeySeconds: documented(7_200, HTTP, "it keeps keys for up to two hours"),
      mostOctets: documented(150_000, HTTP_QUOTAS),
      ...notKnown(HTTP, "port", "mostKeys", "mostKeysOfAKind", "members"),
    },
  ],
  algorithms: documented(RS, HTTP, "RSA-based; whether PS256 is one is not said"),
  kidOfKeys: documented("required", HTTP),
  ...notKnown(HTTP, "optIn", "leastRsaBits", "keysWithoutAlg", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "exp", "aud|client_id"], HTTP),
  moreClaims: documented({ scope: "or scp, where the route has scopes: one of them" }, HTTP),
  issuer: documented("its URL", HTTP),
  audience: documented({ words: "one of its list; client_id instead where aud lacks" }, HTTP),
  audiences: documented({ most: 50 }, HTTP_QUOTAS),
  ...notKnown(HTTP, "forbiddenClaims", "subject", "azp", "longestLife", "leeway"),
  iat: documented(NOT_AHEAD, HTTP),
  nbf: documented(NOT_AHEAD, HTTP),
  kid: documented("required", HTTP),
  longestToken: documented(10_240, HTTP_QUOTAS, "request line and all headers together"),
  credentials: documented("10 authorizers an API, 10 scopes a route", HTTP_QUOTAS),
  ...notKnown(HTTP, "typ", "headerMembers", "reuseAtLeastSeconds", "singleUse"),
};

const restApi: RelyingParty = {
  id: "rest-api",
  name: "API Gateway, REST and WebSocket API (Signet's authorizer)",
  kind: "verifier",
  isOurs: true,
  note: "`signet template authorizer` installs it",
  ways: [
    {
      by: observed("discovery", OURS),
      scheme: observed("http-if-allowed", OURS),
      reach: observed("Internet", OURS),
      port: observed("taken", OURS),
      ...noRule("observed", OURS, "longestUrl", "mostKeysOfAKind", "members"),
      ...notKnown(OURS, "newKeySeconds", "mostKeys", "mostOctets"),
    },
  ],
  algorithms: observed(ALL, OURS),
  kidOfKeys: observed("required", OURS),
  keysWithoutAlg: observed({ words: "it takes RSA's only with SIGNET_KEY_ALGORITHMS" }, OURS),
  ...noRule("observed", OURS, "optIn"),
  requiredClaims: observed(["iss", "exp"], OURS),
  issuer: observed("its URL, to the letter", OURS),
  audience: observed({ words: "what it is configured with" }, OURS),
  ...OWN_VERIFIER,
};

const restApiJwt: RelyingParty = {
  id: "rest-api-jwt",
  name: "API Gateway, REST API (its own JWT authorizer)",
  kind: "verifier",
  note: "it records the jwks_uri that it found: a moved one wants an update; WebSocket APIs have no such authorizer",
  ways: [
    {
      by: documented("discovery", REST),
      scheme: documented("https", REST),
      reach: documented("Internet", REST, "for private APIs too; no private CA"),
      newKeySeconds: documented(0, REST_KEYS, "it keeps keys for up to an hour, and asks again for a kid that it does not know"),
      ...notKnown(REST, "port", "longestUrl", "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: documented([...RS, ...ES], REST, "those that are chosen of these"),
  ...notKnown(REST, "optIn", "leastRsaBits", "keysWithoutAlg", "kidOfKeys", "onlyKinds", "wholeOctets"),
  issuer: documented("its URL to the letter, a slash at its end included; https, without query or fragment", REST),
  audience: documented({ words: "one of its list, which each issuer needs" }, REST),
  ...notKnown(REST, "requiredClaims", "forbiddenClaims", "moreClaims", "subject", "audiences", "azp", "longestLife", "leeway"),
  ...notKnown(REST, "iat", "nbf", "kid", "typ", "headerMembers", "longestToken", "credentials"),
  ...notKnown(REST, "reuseAtLeastSeconds", "singleUse"),
};

const alb: RelyingParty = {
  id: "alb",
  name: "Application Load Balancer",
  kind: "verifier",
  ways: [
    {
      by: documented("jwks-url", ALB),
      scheme: documented("https", ALB),
      reach: documented("Internet", ALB),
      longestUrl: documented(256, page(ALB.source, BEFORE)),
      mostKeys: documented(10, ALB),
      mostOctets: documented(150_000, ALB, "150 KB"),
      ...notKnown(ALB, "port", "newKeySeconds", "mostKeysOfAKind", "members"),
    },
  ],
  algorithms: documented(["RS256"], ALB),
  kidOfKeys: documented("required", page(ALB.source, BEFORE)),
  ...notKnown(ALB, "optIn", "leastRsaBits", "keysWithoutAlg", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "exp"], ALB),
  moreClaims: documented({ others: "at most ten: a string, ten words with spaces between them, or ten in a list" }, ALB),
  issuer: documented("its text", ALB),
  ...notKnown(ALB, "forbiddenClaims", "subject", "audience", "audiences", "azp", "longestLife", "leeway"),
  iat: documented(NOT_AHEAD, ALB),
  nbf: documented(NOT_AHEAD, ALB),
  ...notKnown(ALB, "kid", "typ", "headerMembers", "longestToken", "credentials", "reuseAtLeastSeconds", "singleUse"),
};

/** What STS wants, for any caller. */
const STS_KEYS: UrlWay = {
  by: documented("discovery", PROVIDER),
  scheme: documented("https", PROVIDER_API),
  reach: documented("Internet", PROVIDER),
  port: documented("refused", PROVIDER_API, "the URL should not contain one"),
  mostKeys: documented(null, PROVIDER),
  mostKeysOfAKind: documented(100, PROVIDER, "100 of RSA and 100 of EC; where there are more, tokens of that kind fail"),
  members: observed({ refused: ["key_ops"] }, MEASURED, "also an x5c that stands alone, or disagrees with the key"),
  ...notKnown(STS, "longestUrl", "newKeySeconds", "mostOctets"),
};
const STS_RULES: PartyRules = {
  algorithms: documented([...RS, ...ES], STS),
  keysWithoutAlg: observed({ words: "it takes the token's alg, whatever the key's says" }, MEASURED),
  kidOfKeys: observed("required", MEASURED),
  ...noRule("documented", STS, "optIn"),
  ...notKnown(STS, "leastRsaBits", "onlyKinds", "wholeOctets"),
  requiredClaims: observed(["iss", "sub", "aud", "iat", "exp"], MEASURED),
  forbiddenClaims: observed([], MEASURED),
  moreClaims: observed(
    {
      "https://aws.amazon.com/roles": "the ARNs of the only roles that it may assume: another is refused before any policy",
      "https://aws.amazon.com/tags": "principal_tags and transitive_tag_keys: the role's trust policy needs sts:TagSession",
      "https://aws.amazon.com/source_identity": "2 to 64 characters: the trust policy needs sts:SetSourceIdentity",
    },
    SESSION_TAGS,
    "at most 50 tags, of 128 and 256 characters; roles by https://awsteele.com/blog/2026/07/13/oidc-tokens-can-restrict-which-aws-roles-they-assume.html",
  ),
  issuer: observed("the provider's URL, to the letter", MEASURED),
  subject: documented({ characters: 255 }, STS, "longer ones were taken when it was tried; it stands in CloudTrail"),
  audience: documented({ words: "one of the provider's client ids" }, PROVIDER_API),
  audiences: documented({ most: 100, characters: 255 }, PROVIDER_API),
  azp: observed("decides", MEASURED),
  longestLife: { basis: "?", ...STS },
  leeway: documented({ exp: 300, nbf: 300, iat: 300 }, OIDC, "exp is documented, nbf and iat were observed"),
  iat: observed(NOT_AHEAD, MEASURED),
  nbf: observed(NOT_AHEAD, MEASURED),
  kid: observed("several", MEASURED),
  headerMembers: observed([], MEASURED),
  longestToken: documented(20_000, STS),
  credentials: documented("one provider for a URL in an account", PROVIDER_API),
  singleUse: observed("no", MEASURED),
  ...notKnown(STS, "typ", "reuseAtLeastSeconds"),
};
const AZP_NOTE = "azp, where there is one, is what has to be registered; several aud want it";

const iam: RelyingParty = {
  id: "iam",
  name: "IAM OIDC provider (AssumeRoleWithWebIdentity)",
  kind: "federation",
  note: AZP_NOTE,
  ways: [STS_KEYS],
  ...STS_RULES,
};

const cognito: RelyingParty = {
  id: "cognito",
  name: "Cognito identity pool (OIDC provider)",
  kind: "verifier",
  note: `it uses the account's IAM OIDC provider; ${AZP_NOTE}`,
  ways: [{ ...assumedOf(STS_KEYS), by: documented("discovery", IDENTITY_POOL) }],
  ...assumedOf(STS_RULES),
};

const eks: RelyingParty = {
  id: "eks",
  name: "EKS cluster (OIDC identity provider)",
  kind: "verifier",
  note: "what runs there is Kubernetes' own authenticator",
  ways: [
    {
      by: documented("discovery", EKS),
      scheme: documented("https", EKS),
      reach: documented("Internet", EKS, "no self-signed certificate"),
      port: assumed("refused", EKS),
      ...notKnown(EKS, "longestUrl", "newKeySeconds", "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: assumed(["RS256"], EKS),
  kidOfKeys: assumed("required", EKS),
  onlyKinds: assumed(GO_JOSE_KINDS, EKS),
  ...notKnown(EKS, "optIn", "leastRsaBits", "keysWithoutAlg", "wholeOctets"),
  requiredClaims: assumed(["iss", "aud", "exp"], EKS, "and the claim that names the user, sub as a rule"),
  issuer: documented("an https URL, of which a path may be part and no query", EKS),
  audience: documented({ words: "the client id, of which there is one" }, EKS),
  ...notKnown(EKS, "forbiddenClaims", "moreClaims", "subject", "audiences", "azp", "longestLife", "leeway", "iat", "nbf"),
  credentials: documented("10 providers from Kubernetes 1.32 on, below 12 KB together; one before", EKS),
  ...notKnown(EKS, "kid", "typ", "headerMembers", "longestToken", "reuseAtLeastSeconds", "singleUse"),
};

const appsync: RelyingParty = {
  id: "appsync",
  name: "AppSync (OPENID_CONNECT)",
  kind: "verifier",
  note: "with iatTTL iat is needed, with authTTL auth_time",
  ways: [
    {
      by: documented("discovery", APPSYNC),
      scheme: assumed("https", APPSYNC),
      reach: assumed("Internet", APPSYNC),
      ...notKnown(APPSYNC, "port", "longestUrl", "newKeySeconds", "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: assumed(JWA, APPSYNC_BEFORE, "RS256 is the safe one"),
  kidOfKeys: assumed("required", APPSYNC_BEFORE),
  ...notKnown(APPSYNC, "optIn", "leastRsaBits", "keysWithoutAlg", "onlyKinds", "wholeOctets"),
  requiredClaims: assumed(["iss", "exp"], APPSYNC_CDK),
  moreClaims: documented({ auth_time: "needed where authTTL is set" }, APPSYNC_CDK),
  issuer: documented("discovery's issuer and iss have to be its URL to the letter", APPSYNC),
  audience: documented({ words: "clientId, a regular expression, is held against aud and azp" }, APPSYNC),
  ...notKnown(APPSYNC, "forbiddenClaims", "subject", "audiences", "azp", "longestLife", "leeway", "iat", "nbf", "kid", "typ"),
  ...notKnown(APPSYNC, "headerMembers", "longestToken", "credentials", "reuseAtLeastSeconds", "singleUse"),
};

const agentcore: RelyingParty = {
  id: "agentcore",
  name: "Bedrock AgentCore (inbound JWT)",
  kind: "verifier",
  note: "it says nowhere which algorithms it takes; RS256 is the safe one",
  ways: [
    {
      by: documented("discovery", AGENTCORE, "the URL that it is told ends in /.well-known/openid-configuration"),
      scheme: assumed("https", AGENTCORE),
      reach: assumed("Internet", AGENTCORE),
      ...notKnown(AGENTCORE, "port", "longestUrl", "newKeySeconds", "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  kidOfKeys: assumed("required", page(AGENTCORE.source, BEFORE)),
  ...notKnown(AGENTCORE, "algorithms", "optIn", "leastRsaBits", "keysWithoutAlg", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "exp"], page(AGENTCORE.source, BEFORE)),
  moreClaims: documented(
    { client_id: "of allowedClients", scope: "of allowedScopes, 255 characters each; customClaims for others" },
    AGENTCORE,
  ),
  issuer: documented("discovery's issuer", page(AGENTCORE.source, BEFORE)),
  audience: documented({ words: "of allowedAudience" }, AGENTCORE),
  ...notKnown(AGENTCORE, "forbiddenClaims", "subject", "audiences", "azp", "longestLife", "leeway", "iat", "nbf", "kid", "typ"),
  ...notKnown(AGENTCORE, "headerMembers", "longestToken", "credentials", "reuseAtLeastSeconds", "singleUse"),
};

export const AWS: readonly RelyingParty[] = [httpApi, restApi, restApiJwt, alb, iam, cognito, eks, appsync, agentcore];
