import {
  ALL,
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
  TOKENS_OWN,
} from "./notation.js";
import { OWN_VERIFIER } from "./own-verifier.js";
import type { PartyRules, RelyingParty, Rule, Source } from "./relying-party.js";

/** Real libraries that verify what Signet signs; `npm run witnesses` runs them. */
const WITNESSES = page("npm run witnesses", "2026-11-24");
const JOSE = page("https://github.com/panva/jose/blob/main/src/lib/jwt_claims_set.ts");
const AWS_JWT_VERIFY = page("https://github.com/awslabs/aws-jwt-verify/blob/main/src/jwt.ts");
const NODE_JSONWEBTOKEN = page("https://github.com/auth0/node-jsonwebtoken/blob/master/verify.js");
const PYJWT = page("https://github.com/jpadilla/pyjwt/blob/master/jwt/api_jwt.py");
const GOLANG_JWT = page("https://github.com/golang-jwt/jwt/blob/main/validator.go");
const GO_JOSE = page("https://github.com/go-jose/go-jose/blob/main/jwt/validation.go");
const GO_JOSE_SETS = page("https://github.com/go-jose/go-jose/issues/276");
const GO_OIDC = page("https://github.com/coreos/go-oidc/blob/v3/oidc/verify.go");
const GO_OIDC_SETS = page("https://github.com/coreos/go-oidc/pull/499");
const NIMBUS = page("https://bitbucket.org/connect2id/nimbus-jose-jwt");
const RUBY = page("https://github.com/jwt/ruby-jwt#algorithms-and-usage");
const DOTNET_ALGORITHMS = page(
  "https://learn.microsoft.com/dotnet/api/microsoft.identitymodel.tokens.securityalgorithms",
  "2026-11-24",
);
const DOTNET = page("https://github.com/AzureAD/azure-activedirectory-identitymodel-extensions-for-dotnet");
const RUST_ALGORITHMS = page("https://docs.rs/jsonwebtoken/latest/jsonwebtoken/enum.Algorithm.html", "2026-11-24");
const RUST = page("https://docs.rs/jsonwebtoken/latest/jsonwebtoken/struct.Validation.html");
const PHP_ALGORITHMS = page("https://github.com/firebase/php-jwt", "2026-11-24");
const PHP = page("https://github.com/firebase/php-jwt/blob/main/src/JWT.php");
const SIGNET = page("docs/verifying.md", "2026-11-27");

/** What every library has in common: the program says where keys are, and which issuer and audience it expects. */
function library(
  id: string,
  name: string,
  algorithms: Rule<readonly string[]>,
  source: Source,
  more: Partial<PartyRules> & Pick<RelyingParty, "note" | "isOurs"> = {},
): RelyingParty {
  return {
    id,
    name,
    kind: "library",
    ways: [
      {
        by: observed("program", WITNESSES),
        form: observed("a JWKS, or one key", WITNESSES),
        ...notKnown(source, "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
      },
    ],
    algorithms,
    keysWithoutAlg: observed(TOKENS_OWN, WITNESSES),
    issuer: observed("what the program expects", source),
    audience: observed({ words: "what the program expects" }, source),
    ...noRule("observed", source, "longestLife"),
    ...notKnown(source, "optIn", "leastRsaBits", "kidOfKeys", "onlyKinds", "wholeOctets", "requiredClaims", "forbiddenClaims"),
    ...notKnown(source, "moreClaims", "subject", "audiences", "azp", "leeway", "iat", "nbf", "kid", "typ", "headerMembers"),
    ...notKnown(source, "longestToken", "credentials", "reuseAtLeastSeconds", "singleUse"),
    ...more,
  };
}

/** Seconds that clocks may be apart, for each of the times that it compares. */
function leeway(seconds: number, source: Source): Pick<PartyRules, "leeway" | "nbf"> {
  return { leeway: observed({ exp: seconds, nbf: seconds, iat: seconds }, source), nbf: observed(NOT_AHEAD, source) };
}

export const LIBRARIES: readonly RelyingParty[] = [
  library("signet", "JavaScript: Signet's own (createVerifier, signet verify)", observed(ALL, WITNESSES), SIGNET, {
    isOurs: true,
    keysWithoutAlg: observed({ words: "it takes RSA's only with the option algorithms (--algorithms)" }, WITNESSES),
    requiredClaims: observed(["exp"], SIGNET, "and iss and aud, where they are not waived"),
    ...OWN_VERIFIER,
  }),
  library("jose", "JavaScript: jose", observed(ALL, WITNESSES), JOSE, {
    ...leeway(0, JOSE),
    requiredClaims: observed([], JOSE, "iss and aud where they are given; requiredClaims names others"),
    iat: observed(NOT_LOOKED_AT, JOSE, "unless maxTokenAge is given"),
    leastRsaBits: observed(2_048, JOSE),
  }),
  library("aws-jwt-verify", "JavaScript: aws-jwt-verify", observed([...RS, ...ES, "EdDSA"], WITNESSES), AWS_JWT_VERIFY, {
    ...leeway(0, AWS_JWT_VERIFY),
    kidOfKeys: observed("required", WITNESSES),
    requiredClaims: observed([], AWS_JWT_VERIFY, "issuer and audience have to be given, or waived"),
    iat: observed(NOT_LOOKED_AT, AWS_JWT_VERIFY),
  }),
  library("jsonwebtoken", "JavaScript: jsonwebtoken with jwks-rsa", observed(JWA, WITNESSES), NODE_JSONWEBTOKEN, {
    ...leeway(0, NODE_JSONWEBTOKEN),
    requiredClaims: observed([], NODE_JSONWEBTOKEN),
    iat: observed(NOT_LOOKED_AT, NODE_JSONWEBTOKEN, "unless maxAge is given"),
  }),
  library("pyjwt", "Python: PyJWT", observed(CLASSIC, WITNESSES), PYJWT, {
    ...leeway(0, PYJWT),
    kidOfKeys: observed("required", WITNESSES),
    keysWithoutAlg: observed({ words: "it takes RSA's for RS256 alone" }, WITNESSES),
    requiredClaims: observed([], PYJWT),
    audience: observed({ words: "what the program expects; a token with aud is refused where it expects none" }, PYJWT),
    iat: observed(NOT_AHEAD, PYJWT),
  }),
  library("golang-jwt", "Go: golang-jwt", observed(CLASSIC, WITNESSES), GOLANG_JWT, {
    ...leeway(0, GOLANG_JWT),
    requiredClaims: observed([], GOLANG_JWT),
    iat: observed(NOT_LOOKED_AT, GOLANG_JWT, "unless WithIssuedAt is given"),
  }),
  library("go-jose", "Go: go-jose", observed(CLASSIC, WITNESSES), GO_JOSE, {
    ...leeway(60, GO_JOSE),
    onlyKinds: observed(GO_JOSE_KINDS, GO_JOSE_SETS, "up to 4.1.4"),
    wholeOctets: observed("coordinate", WITNESSES),
    requiredClaims: observed([], GO_JOSE),
    iat: observed(NOT_AHEAD, GO_JOSE),
  }),
  library("go-oidc", "Go: go-oidc", observed(CLASSIC, WITNESSES), GO_OIDC, {
    note: "RS256, or what discovery lists; before 3.21 one key of an unknown kind made it refuse all keys",
    ...noRule("observed", GO_OIDC_SETS, "onlyKinds"),
    wholeOctets: observed("coordinate", WITNESSES),
    requiredClaims: observed(["iss", "aud", "exp"], GO_OIDC),
    leeway: observed({ exp: 0, nbf: 60 }, GO_OIDC),
    iat: observed(NOT_LOOKED_AT, GO_OIDC),
    nbf: observed(NOT_AHEAD, GO_OIDC),
  }),
  library("nimbus", "Java: nimbus-jose-jwt", observed([...CLASSIC, "Ed25519"], WITNESSES), NIMBUS, {
    ...leeway(60, NIMBUS),
    requiredClaims: observed([], NIMBUS, "those that the program lists"),
    iat: observed(NOT_LOOKED_AT, NIMBUS),
  }),
  library("ruby-jwt", "Ruby: ruby-jwt", documented(JWA, RUBY), RUBY, {
    ...leeway(0, RUBY),
    requiredClaims: observed([], RUBY),
    iat: observed(NOT_LOOKED_AT, RUBY, "unless verify_iat is set"),
  }),
  library("dotnet", ".NET: Microsoft.IdentityModel", documented(JWA, DOTNET_ALGORITHMS), DOTNET, {
    ...leeway(300, DOTNET),
    wholeOctets: observed("number", WITNESSES),
    requiredClaims: observed(["iss", "aud", "exp"], DOTNET),
    leastRsaBits: observed(1_024, DOTNET),
    iat: observed(NOT_LOOKED_AT, DOTNET),
  }),
  library(
    "rust",
    "Rust: jsonwebtoken",
    documented([...RS, "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"], RUST_ALGORITHMS),
    RUST,
    {
      wholeOctets: observed("number", WITNESSES),
      requiredClaims: documented(["exp"], RUST),
      leeway: documented({ exp: 60 }, RUST),
      audience: observed({ words: "what the program expects; a token with aud is refused where it expects none" }, RUST),
      iat: observed(NOT_LOOKED_AT, RUST),
      nbf: documented(NOT_LOOKED_AT, RUST, "unless validate_nbf is set"),
    },
  ),
  library("php", "PHP: firebase/php-jwt", documented([...RS, "ES256", "ES384", "EdDSA"], PHP_ALGORITHMS), PHP, {
    ...leeway(0, PHP),
    keysWithoutAlg: documented(
      { words: "it refuses the set, unless parseKeySet is given a default algorithm", ofAll: true },
      PHP_ALGORITHMS,
    ),
    requiredClaims: observed([], PHP),
    audience: observed(null, PHP, "it looks at neither iss nor aud"),
    issuer: observed("it is not looked at", PHP),
    leastRsaBits: observed(2_048, PHP, "from 6.12 or 7.0 on"),
    iat: observed(NOT_AHEAD, PHP, "where nbf lacks"),
  }),
];
