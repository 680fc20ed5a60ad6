import { assumed, documented, ES, NOT_AHEAD, noRule, notKnown, observed, page, RS } from "./notation.js";
import type { KeyWay, PartyRules, RelyingParty, Source } from "./relying-party.js";

const OIDC = page("https://openid.net/specs/openid-connect-core-1_0.html");
const OKTA = page("https://developer.okta.com/docs/guides/build-self-signed-jwt/");
const AUTH0 = page("https://auth0.com/docs/get-started/authentication-and-authorization-flow/authenticate-with-private-key-jwt");
const AUTH0_KEYS = page("https://auth0.com/docs/get-started/applications/configure-private-key-jwt");
const KEYCLOAK = page(
  "https://github.com/keycloak/keycloak/tree/547ad2db/services/src/main/java/org/keycloak/authentication/authenticators/client",
);
const ENTRA = page("https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials");

/** What is pasted there, or asked for, where no number and no member is said. */
function jwksWays(source: Source, state = documented): [KeyWay, KeyWay] {
  return [
    {
      by: state("jwks", source),
      form: state("a JWK, or a JWKS", source),
      ...notKnown(source, "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
    {
      by: state("jwks-url", source),
      ...notKnown(source, "scheme", "reach", "port", "longestUrl", "newKeySeconds"),
      ...notKnown(source, "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
  ];
}

/** A PEM that is pasted there. */
function pemWay(source: Source, form: string): KeyWay {
  return {
    by: documented("pem", source),
    form: documented(form, source),
    ...notKnown(source, "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
  };
}

/** Rules of which none of them says anything. */
function unsaid(source: Source) {
  return {
    ...notKnown(source, "optIn", "leastRsaBits", "keysWithoutAlg", "kidOfKeys", "onlyKinds", "wholeOctets"),
    ...notKnown(source, "forbiddenClaims", "moreClaims", "audiences", "azp", "credentials", "reuseAtLeastSeconds"),
  } satisfies Partial<PartyRules>;
}

const generic: RelyingParty = {
  id: "client-assertion",
  name: "OAuth client assertion (private_key_jwt)",
  kind: "self-signed",
  note: "servers differ in aud, typ and life: okta, auth0, keycloak and entra have rules of their own",
  ways: jwksWays(OIDC),
  ...unsaid(OIDC),
  requiredClaims: documented(["iss", "sub", "aud", "exp", "jti"], OIDC),
  issuer: documented("the client id", OIDC),
  subject: documented({ words: "the client id" }, OIDC),
  audience: documented({ words: "the URL of the token endpoint, or the issuer: by the server" }, OIDC),
  singleUse: documented("yes", OIDC),
  ...notKnown(OIDC, "algorithms", "longestLife", "leeway", "iat", "nbf", "kid", "typ", "headerMembers", "longestToken"),
};

const okta: RelyingParty = {
  id: "okta",
  name: "Okta (private_key_jwt)",
  kind: "self-signed",
  ways: jwksWays(OKTA, assumed),
  ...unsaid(OKTA),
  algorithms: documented([...RS, ...ES], OKTA),
  requiredClaims: documented(["iss", "sub", "aud", "exp"], OKTA),
  issuer: documented("the client id", OKTA),
  subject: documented({ words: "the client id" }, OKTA),
  audience: documented({ words: "the full URL of the endpoint, such as https://DOMAIN/oauth2/default/v1/token" }, OKTA),
  longestLife: documented({ seconds: 3_600, from: "receipt" }, OKTA),
  iat: documented(NOT_AHEAD, OKTA),
  kid: documented("several", OKTA),
  singleUse: documented("with-jti", OKTA),
  ...notKnown(OKTA, "leeway", "nbf", "typ", "headerMembers", "longestToken"),
};

const auth0: RelyingParty = {
  id: "auth0",
  name: "Auth0 (private_key_jwt)",
  kind: "self-signed",
  note: "Enterprise plan alone; the algorithm is fixed with the credential",
  ways: [pemWay(AUTH0_KEYS, "SPKI PEM with its first and last line, or an X.509 certificate")],
  ...unsaid(AUTH0),
  algorithms: documented(["RS256", "RS384", "PS256"], AUTH0_KEYS),
  requiredClaims: documented(["iss", "sub", "aud", "exp", "jti"], AUTH0),
  moreClaims: documented({ jti: "at most 64 characters" }, AUTH0),
  issuer: documented("the client id, at most 64 characters", AUTH0),
  subject: documented({ words: "the client id", characters: 64 }, AUTH0),
  audience: documented({ words: "https://TENANT.auth0.com/ with its slash, or the own domain" }, AUTH0),
  longestLife: documented({ seconds: 300, from: "iat" }, AUTH0, "a minute is advised"),
  leeway: documented({ iat: 10, nbf: 10 }, AUTH0),
  iat: documented(NOT_AHEAD, AUTH0),
  nbf: documented(NOT_AHEAD, AUTH0),
  kid: documented("optional", AUTH0, "the RFC 7638 thumbprint of the key"),
  longestToken: documented(2_048, AUTH0),
  singleUse: documented("yes", AUTH0),
  ...notKnown(AUTH0, "typ", "headerMembers"),
};

const keycloak: RelyingParty = {
  id: "keycloak",
  name: "Keycloak (private_key_jwt)",
  kind: "self-signed",
  note: "the longest life is a setting of the client, 60 seconds by default",
  ways: jwksWays(KEYCLOAK, assumed),
  ...unsaid(KEYCLOAK),
  algorithms: { basis: "?", ...KEYCLOAK },
  requiredClaims: observed(["iss", "sub", "aud", "exp", "jti"], KEYCLOAK),
  issuer: observed("the client id", KEYCLOAK),
  subject: observed({ words: "the client id" }, KEYCLOAK),
  audience: observed({ words: "the issuer, or the token endpoint's URL" }, KEYCLOAK),
  audiences: observed({ most: 1 }, KEYCLOAK, "unless it is configured otherwise"),
  longestLife: observed({ seconds: 60, from: "receipt" }, KEYCLOAK, "without iat; with iat see there"),
  leeway: observed({ iat: 15, nbf: 15 }, KEYCLOAK),
  iat: observed({ future: "refused", mostSecondsOld: 60 }, KEYCLOAK),
  nbf: observed(NOT_AHEAD, KEYCLOAK),
  singleUse: observed("yes", KEYCLOAK),
  ...notKnown(KEYCLOAK, "kid", "typ", "headerMembers", "longestToken"),
};

const entra: RelyingParty = {
  id: "entra",
  name: "Microsoft Entra (client assertion with a certificate)",
  kind: "self-signed",
  note: "a page of 2024 said RS256 and x5t; for tokens of an issuer's see azure",
  ways: [pemWay(ENTRA, "an X.509 certificate of the RSA key")],
  ...unsaid(ENTRA),
  algorithms: documented(["PS256"], ENTRA),
  requiredClaims: documented(["iss", "sub", "aud", "exp", "nbf", "iat", "jti"], ENTRA),
  issuer: documented("the client id", ENTRA),
  subject: documented({ words: "the client id" }, ENTRA),
  audience: documented({ words: "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token" }, ENTRA),
  ...noRule("documented", ENTRA, "longestLife"),
  typ: documented("JWT", ENTRA),
  headerMembers: documented(["x5t#S256"], ENTRA, "the SHA-256 of the certificate"),
  ...notKnown(ENTRA, "leeway", "iat", "nbf", "kid", "longestToken", "singleUse"),
};

export const CLIENT_ASSERTIONS: readonly RelyingParty[] = [generic, okta, auth0, keycloak, entra];
