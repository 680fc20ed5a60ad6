import { documented, noRule, notKnown, observed, page } from "./notation.js";
import type { RelyingParty } from "./relying-party.js";

const GITHUB = page(
  "https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app",
);
const GITHUB_KEYS = page(
  "https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/managing-private-keys-for-github-apps",
);
const GITHUB_LIBRARY = page("https://github.com/octokit/auth-app.js");
const GITHUB_KEY_SIZE = page("https://github.com/chinmina/kms-import");
const CONNECT = page("https://developer.apple.com/documentation/appstoreconnectapi/generating-tokens-for-api-requests");
const SERVER_API = page(
  "https://developer.apple.com/documentation/appstoreserverapi/generating-json-web-tokens-for-api-requests",
);
const SERVER_KEYS = page(
  "https://developer.apple.com/help/app-store-connect/configure-in-app-purchase-settings/generate-keys-for-in-app-purchases",
);
const SERVER_BID = page("https://developer.apple.com/forums/thread/833144");
const APNS = page("https://developer.apple.com/documentation/usernotifications/establishing-a-token-based-connection-to-apns");
const SNOWFLAKE = page("https://docs.snowflake.com/en/developer-guide/sql-api/authenticating");
const SNOWFLAKE_KEYS = page("https://docs.snowflake.com/en/user-guide/key-pair-auth");
const SNOWFLAKE_FAULTS = page("https://docs.snowflake.com/en/sql-reference/functions/system_get_login_failure_details");
const SNOWFLAKE_SDK = page("https://www.npmjs.com/package/snowflake-sdk");
const GOOGLE = page("https://google.aip.dev/auth/4111");
const GOOGLE_OAUTH = page("https://developers.google.com/identity/protocols/oauth2/service-account");
const GOOGLE_UPLOAD = page("https://docs.cloud.google.com/iam/docs/keys-upload");
const GOOGLE_LIBRARY = page("https://www.npmjs.com/package/google-auth-library");
const GOOGLE_QUOTAS = page("https://cloud.google.com/iam/quotas");

const githubApp: RelyingParty = {
  id: "github-app",
  name: "GitHub App",
  kind: "self-signed",
  note: "limits are by GitHub's clock: nine minutes and iat a minute back are safe",
  ways: [
    {
      by: documented("file", GITHUB_KEYS),
      form: documented("PKCS#1 PEM of an RSA private key", GITHUB_KEYS),
      mostKeys: documented(25, GITHUB_KEYS),
      ...notKnown(GITHUB_KEYS, "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: documented(["RS256"], GITHUB),
  leastRsaBits: observed(2_048, GITHUB_KEY_SIZE, "the size of the keys that it makes"),
  ...noRule("documented", GITHUB, "optIn"),
  ...notKnown(GITHUB, "keysWithoutAlg", "kidOfKeys", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "iat", "exp"], GITHUB),
  issuer: documented("the app's client id, or its number", GITHUB),
  ...notKnown(GITHUB, "forbiddenClaims", "moreClaims", "subject", "audience", "audiences", "azp", "leeway", "nbf"),
  longestLife: documented({ seconds: 600, from: "receipt" }, GITHUB),
  iat: documented({ future: "refused", advisedSecondsAgo: 60 }, GITHUB),
  kid: documented("absent", GITHUB, "none is asked for; what one does is not known"),
  typ: observed(null, GITHUB_LIBRARY, "its library sends JWT"),
  headerMembers: documented([], GITHUB),
  credentials: documented("25 keys, of which the last one cannot be deleted", GITHUB_KEYS),
  singleUse: observed("no", GITHUB_LIBRARY),
  ...notKnown(GITHUB, "longestToken", "reuseAtLeastSeconds"),
};

const appStoreConnect: RelyingParty = {
  id: "app-store-connect",
  name: "App Store Connect API",
  kind: "self-signed",
  note: "with an individual key there is no iss, and sub is user",
  ways: [
    {
      by: documented("file", CONNECT),
      form: observed("PKCS#8 PEM of a P-256 key (.p8), downloaded once", CONNECT),
      ...notKnown(CONNECT, "mostKeys", "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: documented(["ES256"], CONNECT),
  ...noRule("documented", CONNECT, "optIn"),
  ...notKnown(CONNECT, "leastRsaBits", "keysWithoutAlg", "kidOfKeys", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss|sub", "iat", "exp", "aud"], CONNECT, "some leave out iat"),
  forbiddenClaims: documented([], CONNECT, "iss with an individual key"),
  moreClaims: documented({ scope: "a list such as GET /v1/apps: what it may be used for" }, CONNECT),
  issuer: documented("the issuer id of the team, a UUID", CONNECT),
  subject: documented({ words: "user, with an individual key" }, CONNECT),
  audience: documented({ words: "appstoreconnect-v1", is: "appstoreconnect-v1" }, CONNECT),
  longestLife: documented({ seconds: 1_200, from: "iat" }, CONNECT, "longer with a scope of certain GETs alone"),
  kid: documented("required", CONNECT, "the key's id at Apple"),
  typ: documented("JWT", CONNECT),
  headerMembers: documented([], CONNECT),
  singleUse: documented("no", CONNECT, "it advises to reuse one until it expires"),
  ...notKnown(CONNECT, "audiences", "azp", "leeway", "iat", "nbf", "longestToken", "credentials", "reuseAtLeastSeconds"),
};

const appStoreServer: RelyingParty = {
  id: "app-store-server",
  name: "App Store Server API",
  kind: "self-signed",
  note: "its key is an In-App Purchase key, no App Store Connect key",
  ways: [
    {
      by: documented("file", SERVER_KEYS),
      form: observed("PKCS#8 PEM of a P-256 key (.p8), downloaded once", SERVER_KEYS),
      mostKeys: documented(10, SERVER_KEYS),
      ...notKnown(SERVER_KEYS, "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: documented(["ES256"], SERVER_API),
  ...noRule("documented", SERVER_API, "optIn"),
  ...notKnown(SERVER_API, "leastRsaBits", "keysWithoutAlg", "kidOfKeys", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "iat", "exp", "aud", "bid"], SERVER_API),
  moreClaims: documented({ bid: "the app's bundle id" }, SERVER_BID),
  issuer: documented("the issuer id, a UUID", SERVER_API),
  audience: documented({ words: "appstoreconnect-v1", is: "appstoreconnect-v1" }, SERVER_API),
  longestLife: documented({ seconds: 3_600, from: "iat" }, SERVER_API),
  kid: documented("required", SERVER_API, "the key's id at Apple"),
  typ: documented("JWT", SERVER_API),
  headerMembers: documented([], SERVER_API),
  credentials: documented("10 keys", SERVER_KEYS),
  singleUse: { basis: "?", ...SERVER_API },
  ...notKnown(SERVER_API, "forbiddenClaims", "subject", "audiences", "azp", "leeway", "iat", "nbf", "longestToken"),
  ...notKnown(SERVER_API, "reuseAtLeastSeconds"),
};

const apns: RelyingParty = {
  id: "apns",
  name: "Apple Push Notification service",
  kind: "self-signed",
  note: "it counts the tokens of a team, not of a key: several senders share one, renewed after 50 minutes",
  ways: [
    {
      by: documented("file", APNS),
      form: observed("PKCS#8 PEM of a P-256 key (.p8), downloaded once", APNS),
      mostKeys: documented(2, APNS, "for a team, in each of two environments; more where they are bound to topics"),
      ...notKnown(APNS, "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: documented(["ES256"], APNS),
  ...noRule("documented", APNS, "optIn"),
  ...notKnown(APNS, "leastRsaBits", "keysWithoutAlg", "kidOfKeys", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "iat"], APNS, "exp is not among the members that it lists"),
  issuer: documented("the Team ID, ten characters", APNS),
  iat: documented({ mostSecondsOld: 3_600 }, APNS, "what becomes of one that is ahead is not known"),
  kid: documented("required", APNS, "the key's id at Apple, ten characters"),
  typ: documented(null, APNS, "JWT is taken (observed)"),
  headerMembers: documented([], APNS),
  reuseAtLeastSeconds: documented(1_200, APNS),
  singleUse: documented("no", APNS),
  ...notKnown(APNS, "forbiddenClaims", "moreClaims", "subject", "audience", "audiences", "azp", "longestLife", "leeway", "nbf"),
  ...notKnown(APNS, "longestToken", "credentials"),
};

const snowflakeKeypair: RelyingParty = {
  id: "snowflake-keypair",
  name: "Snowflake (key pair)",
  kind: "self-signed",
  note: "a login takes no token whose iat is over a minute old; the SQL API takes one for an hour",
  ways: [
    {
      by: documented("pem", SNOWFLAKE_KEYS),
      form: documented("the body of an SPKI PEM, without its first and last line", SNOWFLAKE_KEYS),
      mostKeys: documented(
        2,
        SNOWFLAKE_KEYS,
        "as RSA_PUBLIC_KEY and RSA_PUBLIC_KEY_2; the number of named key pairs is not known",
      ),
      ...notKnown(SNOWFLAKE_KEYS, "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: documented(["RS256"], SNOWFLAKE_FAULTS, "another page lists more for the Python driver"),
  leastRsaBits: documented(2_048, SNOWFLAKE_KEYS),
  ...noRule("documented", SNOWFLAKE_FAULTS, "optIn"),
  ...notKnown(SNOWFLAKE_KEYS, "keysWithoutAlg", "kidOfKeys", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "sub", "iat", "exp"], SNOWFLAKE),
  issuer: documented("ACCOUNT.USER.SHA256: and the fingerprint of the public key, in upper case but for it", SNOWFLAKE),
  subject: documented(
    { words: "ACCOUNT.USER in upper case; ACCOUNT is ORGANIZATION-ACCOUNT, or a locator without its region" },
    SNOWFLAKE,
  ),
  longestLife: documented(null, SNOWFLAKE, "a later exp is no fault: it ends after an hour all the same"),
  iat: documented({ mostSecondsOld: 60 }, SNOWFLAKE_FAULTS, "for a login; what becomes of one ahead is not known"),
  kid: observed("absent", SNOWFLAKE_SDK),
  typ: observed(null, SNOWFLAKE_SDK, "its library sends JWT"),
  headerMembers: observed([], SNOWFLAKE_SDK),
  singleUse: documented("no", SNOWFLAKE),
  ...notKnown(SNOWFLAKE, "forbiddenClaims", "moreClaims", "audience", "audiences", "azp", "leeway", "nbf", "longestToken"),
  ...notKnown(SNOWFLAKE, "credentials", "reuseAtLeastSeconds"),
};

const googleServiceAccount: RelyingParty = {
  id: "google-service-account",
  name: "Google service account",
  kind: "self-signed",
  note: "straight to an API: iss and sub are the account, life is an hour exactly; at the token endpoint: aud is its URL, beside a scope",
  ways: [
    {
      by: documented("pem", GOOGLE_UPLOAD, "forbidden by default in organisations made since 2024-05-03"),
      form: documented("PEM of an X.509 certificate of the RSA key; a bare public key will not do", GOOGLE_UPLOAD),
      mostKeys: observed(10, GOOGLE_QUOTAS, "as others say who link to this page"),
      ...notKnown(GOOGLE_UPLOAD, "mostKeysOfAKind", "mostOctets", "members"),
    },
    {
      by: documented("file", GOOGLE),
      form: documented("JSON with a PKCS#8 PEM", GOOGLE),
      mostKeys: observed(10, GOOGLE_QUOTAS, "as others say who link to this page"),
      ...notKnown(GOOGLE, "mostKeysOfAKind", "mostOctets", "members"),
    },
  ],
  algorithms: documented(["RS256"], GOOGLE),
  ...noRule("documented", GOOGLE, "optIn"),
  ...notKnown(GOOGLE_UPLOAD, "leastRsaBits", "keysWithoutAlg", "kidOfKeys", "onlyKinds", "wholeOctets"),
  requiredClaims: documented(["iss", "iat", "exp", "aud|scope"], GOOGLE),
  moreClaims: documented(
    { scope: "instead of aud for some APIs", target_audience: "instead of scope: an ID token" },
    GOOGLE_OAUTH,
  ),
  issuer: documented("the account's e-mail", GOOGLE),
  subject: documented({ words: "the account's e-mail; a user's, where the token endpoint delegates" }, GOOGLE),
  audience: documented(
    { words: "https://SERVICE.googleapis.com/ with its slash, or https://oauth2.googleapis.com/token" },
    GOOGLE,
  ),
  longestLife: documented(
    { seconds: 3_600, from: "iat" },
    GOOGLE_OAUTH,
    "at the token endpoint an iat 300 seconds ahead was taken, and one two hours ago refused (observed)",
  ),
  kid: observed("optional", GOOGLE_LIBRARY, "documented as the key's id; the library may leave it out"),
  typ: observed(null, GOOGLE_LIBRARY, "JWT is documented; at the token endpoint the library sends none"),
  headerMembers: documented([], GOOGLE),
  singleUse: observed("no", GOOGLE_LIBRARY),
  ...notKnown(
    GOOGLE,
    "forbiddenClaims",
    "audiences",
    "azp",
    "leeway",
    "iat",
    "nbf",
    "longestToken",
    "credentials",
    "reuseAtLeastSeconds",
  ),
};

export const SELF_SIGNED: readonly RelyingParty[] = [
  ...[githubApp, appStoreConnect, appStoreServer, apns, snowflakeKeypair, googleServiceAccount],
];
