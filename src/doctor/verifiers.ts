/** What a verifier asks of an issuer. Absent: nothing. */
export interface VerifierRules {
  readonly name: string;
  /** How `--for` names it. */
  readonly id: string;
  /** What it verifies. Absent: not documented. */
  readonly algorithms?: readonly string[];
  /** What it verifies once it is configured to, and how. */
  readonly optIn?: { readonly algorithms: readonly string[]; readonly by: string };
  /** It asks by itself, over the Internet; else its operator hands it the keys, or runs it where the issuer can be reached. */
  readonly fetches?: "discovery" | "jwks";
  /** It takes no URL with a port. */
  readonly noPort?: true;
  readonly longestUrl?: number;
  readonly mostKeys?: number;
  readonly mostBytes?: number;
  /** Keys of RSA, and as many of EC. */
  readonly mostKeysOfAKind?: number;
  /** Members of a JWK with which it refuses it. */
  readonly refusedMembers?: readonly string[];
  /** The kinds of keys that it knows, by type and curve, where one of another kind makes it refuse all of them. */
  readonly refusesOtherKinds?: readonly string[];
  /** Numbers that it refuses where they have an octet too many or too few: those of RSA, or coordinates of a curve. */
  readonly wholeOctets?: "number" | "coordinate";
  /** What it does with a key that names no `alg`, in words that stand behind "of keys without alg". */
  readonly withoutAlg: string;
  /** It needs `alg` of EC and OKP keys too, whose curve leaves no choice. */
  readonly needsAlg?: true;
  /** Each key has to have a `kid`. */
  readonly kids?: true;
  /** Whether it refuses keys for the faults that are found here. */
  readonly refusesFaults?: true;
  /** It asks over http too, where that is allowed. */
  readonly mayUseHttp?: true;
  /** Claims that each token must have. */
  readonly claims?: readonly string[];
  /** What else is to be known. */
  readonly note?: string;
  readonly source: string;
  /** When that was looked at. */
  readonly checked: string;
  /** `documented` by the vendor, `observed` by us, or `assumed` because it is not documented. */
  readonly basis: "documented" | "observed" | "assumed";
}

const RS = ["RS256", "RS384", "RS512"];
const PS = ["PS256", "PS384", "PS512"];
const ES = ["ES256", "ES384", "ES512"];
/** RFC 7518. */
const JWA = [...RS, ...PS, ...ES];
const CLASSIC = [...JWA, "EdDSA"];
const ALL = [...CLASSIC, "Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"];
const UNDOCUMENTED = "nothing is documented";
const TOKENS_OWN = "it takes the token's alg: name the accepted ones there";
const WITNESSES = "npm run witnesses";
const CHECKED = "2026-11-24";

/** What STS wants, for any caller. */
const IAM = {
  algorithms: [...RS, ...ES],
  fetches: "discovery",
  noPort: true,
  mostKeysOfAKind: 100,
  refusedMembers: ["key_ops"],
  kids: true,
  claims: ["iss", "sub", "aud", "iat", "exp"],
  withoutAlg: UNDOCUMENTED,
  checked: CHECKED,
} as const;

/** Who verifies tokens, and what each wants. The order is the answer's. */
export const VERIFIERS: readonly VerifierRules[] = [
  {
    name: "API Gateway, HTTP API (JWT authorizer)",
    id: "http-api",
    withoutAlg: UNDOCUMENTED,
    algorithms: RS,
    fetches: "discovery",
    kids: true,
    claims: ["iss", "exp"],
    note: "it keeps keys for up to two hours; aud, or client_id, must be on its list",
    source: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html",
    checked: CHECKED,
    basis: "documented",
  },
  {
    name: "API Gateway, REST and WebSocket API (Signet's authorizer)",
    id: "rest-api",
    withoutAlg: "it takes RSA's only with SIGNET_KEY_ALGORITHMS",
    algorithms: ALL,
    fetches: "discovery",
    mayUseHttp: true,
    kids: true,
    claims: ["iss", "exp"],
    note: "`signet template authorizer` installs it",
    source: "docs/lambda.md",
    checked: CHECKED,
    basis: "observed",
  },
  {
    name: "Application Load Balancer",
    id: "alb",
    withoutAlg: UNDOCUMENTED,
    algorithms: ["RS256"],
    fetches: "jwks",
    longestUrl: 256,
    mostKeys: 10,
    mostBytes: 150 * 1_024,
    kids: true,
    claims: ["iss", "exp"],
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-verify-jwt.html",
    checked: CHECKED,
    basis: "documented",
  },
  {
    ...IAM,
    name: "IAM OIDC provider (AssumeRoleWithWebIdentity)",
    id: "iam",
    note: "several aud want azp as well",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html",
    basis: "observed",
  },
  {
    ...IAM,
    name: "Cognito identity pool (OIDC provider)",
    id: "cognito",
    note: "it uses the account's IAM OIDC provider",
    source: "https://docs.aws.amazon.com/cognito/latest/developerguide/open-id.html",
    basis: "assumed",
  },
  {
    name: "EKS cluster (OIDC identity provider)",
    id: "eks",
    withoutAlg: UNDOCUMENTED,
    algorithms: ["RS256"],
    fetches: "discovery",
    noPort: true,
    kids: true,
    claims: ["iss", "aud", "exp"],
    source: "https://docs.aws.amazon.com/eks/latest/userguide/authenticate-oidc-identity-provider.html",
    checked: CHECKED,
    basis: "assumed",
  },
  {
    name: "Kubernetes API server",
    id: "kubernetes",
    withoutAlg: "it takes the token's alg, if --oidc-signing-algs lists it",
    algorithms: ["RS256"],
    optIn: { algorithms: JWA, by: "--oidc-signing-algs, or structured authentication" },
    fetches: "discovery",
    claims: ["iss", "aud", "exp"],
    note: "it may be inside the network that the issuer is in",
    source: "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#openid-connect-tokens",
    checked: CHECKED,
    basis: "documented",
  },
  {
    name: "AppSync (OPENID_CONNECT)",
    id: "appsync",
    withoutAlg: UNDOCUMENTED,
    algorithms: JWA,
    fetches: "discovery",
    kids: true,
    claims: ["iss", "iat", "exp"],
    note: "discovery's issuer must be iss to the letter",
    source: "https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html",
    checked: CHECKED,
    basis: "assumed",
  },
  {
    name: "Bedrock AgentCore (inbound JWT)",
    id: "agentcore",
    withoutAlg: UNDOCUMENTED,
    fetches: "discovery",
    kids: true,
    claims: ["iss", "exp"],
    note: "it says nowhere which algorithms it takes; RS256 is the safe one",
    source: "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/inbound-jwt-authorizer.html",
    checked: CHECKED,
    basis: "documented",
  },
  {
    name: "Hotsock",
    id: "hotsock",
    withoutAlg: "it has a PEM, which names none: choose the algorithm there",
    algorithms: [...RS, ...ES],
    claims: ["exp"],
    note: "it holds a pasted PEM, which no rotation reaches: rotate by hand, and paste the next one before",
    source: "https://www.hotsock.io/docs/",
    checked: CHECKED,
    basis: "assumed",
  },
  library("JavaScript: Signet's own (createVerifier, signet verify)", "signet", ALL, {
    withoutAlg: "it takes RSA's only with the option algorithms (--algorithms)",
    refusesFaults: true,
  }),
  library("JavaScript: jose", "jose", ALL),
  library("JavaScript: aws-jwt-verify", "aws-jwt-verify", [...RS, ...ES, "EdDSA"], { kids: true }),
  library("JavaScript: jsonwebtoken with jwks-rsa", "jsonwebtoken", JWA),
  library("Python: PyJWT", "pyjwt", CLASSIC, { kids: true, withoutAlg: "it takes RSA's for RS256 alone" }),
  library("Go: golang-jwt", "golang-jwt", CLASSIC),
  library("Go: go-jose, go-oidc", "go-jose", CLASSIC, {
    refusesOtherKinds: ["RSA", "oct", "EC P-256", "EC P-384", "EC P-521", "OKP Ed25519"],
    wholeOctets: "coordinate",
  }),
  library("Java: nimbus-jose-jwt", "nimbus", [...CLASSIC, "Ed25519"]),
  library("Ruby: ruby-jwt", "ruby-jwt", JWA, elsewhere("https://github.com/jwt/ruby-jwt#algorithms-and-usage")),
  library(".NET: Microsoft.IdentityModel", "dotnet", JWA, {
    ...elsewhere("https://learn.microsoft.com/dotnet/api/microsoft.identitymodel.tokens.securityalgorithms"),
    wholeOctets: "number",
  }),
  library("Rust: jsonwebtoken", "rust", [...RS, ...PS, "ES256", "ES384", "EdDSA"], {
    ...elsewhere("https://docs.rs/jsonwebtoken/latest/jsonwebtoken/enum.Algorithm.html"),
    wholeOctets: "number",
  }),
  library("PHP: firebase/php-jwt", "php", [...RS, "ES256", "ES384", "EdDSA"], {
    ...elsewhere("https://github.com/firebase/php-jwt"),
    needsAlg: true,
    withoutAlg: "it refuses the set, unless parseKeySet is given a default algorithm",
  }),
];

/** What every one of them takes, as far as anybody says what they take. */
export const KNOWN_TO_ALL: readonly string[] = CLASSIC.filter((name) =>
  VERIFIERS.every(({ algorithms }) => algorithms?.includes(name) ?? true),
);

function elsewhere(source: string): Pick<VerifierRules, "source" | "basis"> {
  return { source, basis: "documented" };
}

function library(name: string, id: string, algorithms: readonly string[], more: Partial<VerifierRules> = {}): VerifierRules {
  return { name, id, algorithms, source: WITNESSES, checked: CHECKED, basis: "observed", withoutAlg: TOKENS_OWN, ...more };
}
