import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { IssuerOptions } from "../../src/issue/issuer.js";
import type { IssueRequest } from "../../src/issue/request.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { apns } from "./validators/apns.js";
import { appStoreConnect, appStoreServer } from "./validators/app-store.js";
import { clientAssertion, type Server } from "./validators/client-assertion.js";
import { githubApp } from "./validators/github-app.js";
import { googleApi, googleTokenEndpoint } from "./validators/google-service-account.js";
import type { Members, Validator } from "./validators/signed-token.js";
import { snowflakeKeypair } from "./validators/snowflake-keypair.js";

/** When the tokens are made and received: 2030-03-17. */
export const NOW = 1_900_000_000;

/** A token's parts, from which another one is made. */
export interface Parts {
  readonly header: Members;
  readonly claims: Members;
}
type Change = (parts: Parts) => Parts;

/** A member that is `undefined` is left out. */
const header =
  (members: Members): Change =>
  (parts) => ({ ...parts, header: { ...parts.header, ...members } });
const claims =
  (members: Members): Change =>
  (parts) => ({ ...parts, claims: { ...parts.claims, ...members } });

/** An issuer for one kind of token, and who takes it. */
export interface Kind {
  readonly privateKey: KeyObject;
  readonly alg: string;
  readonly kid?: string;
  readonly settings: Omit<IssuerOptions, "signer" | "clock">;
  readonly request: IssueRequest;
  /** The other side, which remembers nothing yet. */
  readonly validator: () => Validator;
  /** What else its documentation allows. */
  readonly also: readonly (readonly [what: string, change: Change])[];
  /** One rule off: what is changed, the rule by which it is refused, and the change. */
  readonly off: readonly (readonly [what: string, rule: string, change: Change])[];
}

const rsa = rsaPair(2_048);
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });

const life = (seconds: number) => ({ maxTtlSeconds: seconds, defaultTtlSeconds: seconds });

const CLIENT_ID = "Iv23liT0kenMaker";
const github: Kind = {
  privateKey: rsa.privateKey,
  alg: "RS256",
  settings: { tokens: { iss: CLIENT_ID, iat: 60, kid: false }, limits: life(540) },
  request: { claims: {} },
  validator: () => githubApp([{ clientId: CLIENT_ID, appId: 123_456, keys: [rsa.publicKey] }]),
  also: [
    ["the app's number as a text", claims({ iss: "123456" })],
    ["the app's number", claims({ iss: 123_456 })],
    ["ten minutes", claims({ exp: NOW + 600 })],
    ["a minute back and ten ahead, as GitHub's own example has it", claims({ iat: NOW - 60, exp: NOW + 600 })],
  ],
  off: [
    ["another algorithm", "alg", header({ alg: "RS512" })],
    ["no iss", "iss", claims({ iss: undefined })],
    ["another app", "iss", claims({ iss: "Iv23liAnother" })],
    ["no iat", "iat", claims({ iat: undefined })],
    ["an iat ahead of GitHub's clock", "iat", claims({ iat: NOW + 1 })],
    ["an iat with a fraction", "iat", claims({ iat: NOW - 59.5 })],
    ["an iat that is a text", "iat", claims({ iat: `${NOW - 60}` })],
    ["no exp", "exp", claims({ exp: undefined })],
    ["an exp that has passed", "exp", claims({ exp: NOW })],
    ["a second more than ten minutes", "exp", claims({ exp: NOW + 601 })],
  ],
};

const TEAM_ISSUER = "57246542-96fe-1a63-e053-0824d011072a";
const AUDIENCE = { aud: "appstoreconnect-v1" };
const APPLES_HEADER: Kind["off"] = [
  ["another algorithm", "alg", header({ alg: "ES384" })],
  ["no typ", "typ", header({ typ: undefined })],
  ["no kid", "kid", header({ kid: undefined })],
  ["a key that Apple does not know", "kid", header({ kid: "AAAAAAAAAA" })],
  ["no iss", "iss", claims({ iss: undefined })],
  ["another team", "iss", claims({ iss: "00000000-96fe-1a63-e053-0824d011072a" })],
  ["no aud", "aud", claims({ aud: undefined })],
  ["another aud", "aud", claims({ aud: "appstoreconnect-v2" })],
  ["no iat", "iat", claims({ iat: undefined })],
  ["an iat that is ahead", "iat", claims({ iat: NOW + 1 })],
  ["no exp", "exp", claims({ exp: undefined })],
  ["an exp that has passed", "exp", claims({ exp: NOW })],
];

const connect: Kind = {
  privateKey: ec.privateKey,
  alg: "ES256",
  kid: "2X9R4HXF34",
  settings: { tokens: { iss: TEAM_ISSUER, iat: 0 }, limits: life(1_200) },
  request: { claims: AUDIENCE },
  validator: () => appStoreConnect([{ id: "2X9R4HXF34", key: ec.publicKey, issuerId: TEAM_ISSUER }]),
  also: [["a scope", claims({ scope: ["GET /v1/apps?filter[platform]=IOS"] })]],
  off: [
    ...APPLES_HEADER,
    ["a second more than twenty minutes", "exp", claims({ exp: NOW + 1_201 })],
    ["a scope that is a text", "scope", claims({ scope: "GET /v1/apps" })],
    ["a scope of something else", "scope", claims({ scope: ["GET /v1/users"] })],
  ],
};

const connectAlone: Kind = {
  ...connect,
  settings: { limits: { ...life(1_200), fixedClaims: { sub: "user" } }, tokens: { iat: 0 } },
  validator: () => appStoreConnect([{ id: "2X9R4HXF34", key: ec.publicKey }]),
  off: [
    ["an iss", "iss", claims({ iss: TEAM_ISSUER })],
    ["no sub", "sub", claims({ sub: undefined })],
    ["another sub", "sub", claims({ sub: "alice" })],
    ...APPLES_HEADER.filter(([, rule]) => rule !== "iss"),
    ["a second more than twenty minutes", "exp", claims({ exp: NOW + 1_201 })],
    ["a scope of something else", "scope", claims({ scope: ["GET /v1/users"] })],
  ],
};

const server: Kind = {
  privateKey: ec.privateKey,
  alg: "ES256",
  kid: "3ABC4HXF34",
  settings: {
    tokens: { iss: TEAM_ISSUER, iat: 0 },
    limits: { ...life(3_600), fixedClaims: { bid: "com.example.app" } },
  },
  request: { claims: AUDIENCE },
  validator: () =>
    appStoreServer({
      issuerId: TEAM_ISSUER,
      bundleIds: ["com.example.app"],
      keys: [{ id: "3ABC4HXF34", key: ec.publicKey }],
    }),
  also: [["a nonce, as clients of 2021 send it", claims({ nonce: "6edffe66-b482-11eb-8529-0242ac130003" })]],
  off: [
    ...APPLES_HEADER,
    ["a second more than an hour", "exp", claims({ exp: NOW + 3_601 })],
    ["no bid", "bid", claims({ bid: undefined })],
    ["another app", "bid", claims({ bid: "com.example.other" })],
  ],
};

const push: Kind = {
  privateKey: ec.privateKey,
  alg: "ES256",
  kid: "ABC123DEFG",
  settings: { tokens: { iss: "DEF123GHIJ", iat: 0, exp: false }, limits: life(3_000) },
  request: { claims: {} },
  validator: () => apns({ teamId: "DEF123GHIJ", keys: [{ id: "ABC123DEFG", key: ec.publicKey }] }),
  also: [
    ["an iat of an hour ago", claims({ iat: NOW - 3_600 })],
    ["no typ, which Apple does not list", header({ typ: undefined })],
  ],
  off: [
    ["another algorithm", "alg", header({ alg: "ES512" })],
    ["no kid", "kid", header({ kid: undefined })],
    ["a key of another team", "kid", header({ kid: "AAAAAAAAAA" })],
    ["no iss", "iss", claims({ iss: undefined })],
    ["another team", "iss", claims({ iss: "AAA123GHIJ" })],
    ["no iat", "iat", claims({ iat: undefined })],
    ["an iat ahead", "iat", claims({ iat: NOW + 1 })],
    ["an iat of more than an hour ago", "iat", claims({ iat: NOW - 3_601 })],
    ["an iat in milliseconds", "iat", claims({ iat: NOW * 1_000 })],
  ],
};

const FINGERPRINT = createHash("sha256")
  .update(rsa.publicKey.export({ type: "spki", format: "der" }))
  .digest("base64");
const snowflakeIss = (account: string, user: string, fingerprint = FINGERPRINT) => `${account}.${user}.SHA256:${fingerprint}`;
const snowflake: Kind = {
  privateKey: rsa.privateKey,
  alg: "RS256",
  settings: {
    tokens: { iss: "MYORG-MY_ACCOUNT.ROBOT.{fingerprint}", iat: 0, kid: false },
    limits: { ...life(3_600), fixedClaims: { sub: "MYORG-MY_ACCOUNT.ROBOT" } },
  },
  request: { claims: {} },
  validator: () => snowflakeKeypair({ account: "myorg-my_account", user: "robot", keys: [rsa.publicKey] }, { isLogin: true }),
  also: [
    ["milliseconds, as its own driver sends them", claims({ iat: NOW * 1_000, exp: NOW * 1_000 + 120_000 })],
    ["an exp beyond an hour, which ends after one", claims({ exp: NOW + 86_400 })],
    ["an iat of a minute ago", claims({ iat: NOW - 60 })],
  ],
  off: [
    ["another algorithm", "alg", header({ alg: "RS384" })],
    ["another account", "account", claims({ iss: snowflakeIss("OTHER-ACCOUNT", "ROBOT"), sub: "OTHER-ACCOUNT.ROBOT" })],
    ["an account in lower case", "account", claims({ iss: snowflakeIss("myorg-my_account", "ROBOT") })],
    ["an account with a period", "account", claims({ iss: snowflakeIss("MYORG.MY_ACCOUNT", "ROBOT") })],
    ["another user", "user", claims({ iss: snowflakeIss("MYORG-MY_ACCOUNT", "ALICE"), sub: "MYORG-MY_ACCOUNT.ALICE" })],
    ["a user in lower case", "user", claims({ iss: snowflakeIss("MYORG-MY_ACCOUNT", "robot") })],
    ["no sub", "sub", claims({ sub: undefined })],
    ["a sub that is no more than the user", "sub", claims({ sub: "ROBOT" })],
    ["no fingerprint", "fingerprint", claims({ iss: "MYORG-MY_ACCOUNT.ROBOT" })],
    [
      "a fingerprint without its padding",
      "fingerprint",
      claims({ iss: snowflakeIss("MYORG-MY_ACCOUNT", "ROBOT", FINGERPRINT.slice(0, -1)) }),
    ],
    ["no iat", "iat", claims({ iat: undefined })],
    ["an iat of more than a minute ago", "iat", claims({ iat: NOW - 61 })],
    ["no exp", "exp", claims({ exp: undefined })],
    ["an exp that has passed", "exp", claims({ exp: NOW })],
  ],
};

/** The SQL API takes a token for an hour after its iat. */
const snowflakeSql: Kind = {
  ...snowflake,
  validator: () => snowflakeKeypair({ account: "myorg-my_account", user: "robot", keys: [rsa.publicKey] }),
  also: [["an iat of almost an hour ago", claims({ iat: NOW - 3_599 })]],
  off: [
    ...snowflake.off.filter(([what]) => what !== "an iat of more than a minute ago"),
    ["an exp to come, an hour after its iat", "exp", claims({ iat: NOW - 3_600, exp: NOW + 600 })],
  ],
};

const EMAIL = "robot@my-project.iam.gserviceaccount.com";
const ACCOUNT = { email: EMAIL, keys: [{ id: "k1", key: rsa.publicKey }], delegates: ["admin@example.com"] };
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
const GOOGLES: Kind["off"] = [
  ["another algorithm", "alg", header({ alg: "RS512" })],
  ["no iss", "iss", claims({ iss: undefined })],
  ["another account", "iss", claims({ iss: "other@my-project.iam.gserviceaccount.com" })],
  ["a key that the account does not have", "kid", header({ kid: "k2" })],
  ["another aud", "aud", claims({ aud: "https://pubsub.googleapis.com" })],
  ["another sub", "sub", claims({ sub: "alice@example.com" })],
  ["no iat", "iat", claims({ iat: undefined })],
  ["an iat of more than five minutes ahead", "iat", claims({ iat: NOW + 301, exp: NOW + 3_901 })],
  ["no exp", "exp", claims({ exp: undefined })],
  ["a second more than an hour", "exp", claims({ exp: NOW + 3_601 })],
  ["an exp that has passed", "exp", claims({ iat: NOW - 3_600, exp: NOW })],
];

const google: Kind = {
  privateKey: rsa.privateKey,
  alg: "RS256",
  kid: "k1",
  settings: { tokens: { iss: EMAIL, iat: 0 }, limits: { ...life(3_600), fixedClaims: { sub: EMAIL } } },
  request: { claims: { aud: "https://pubsub.googleapis.com/" } },
  validator: () => googleApi(ACCOUNT, "https://pubsub.googleapis.com/"),
  also: [
    ["a scope in place of aud", claims({ aud: undefined, scope: SCOPE })],
    ["no kid, as its library may leave it out", header({ kid: undefined })],
  ],
  off: [
    ...GOOGLES,
    ["no typ", "typ", header({ typ: undefined })],
    ["no aud", "aud", claims({ aud: undefined })],
    ["aud beside scope", "aud", claims({ scope: SCOPE })],
    ["a scope that is none", "scope", claims({ aud: undefined, scope: "cloud-platform" })],
    ["less than an hour", "exp", claims({ exp: NOW + 3_599 })],
  ],
};

const googleToken: Kind = {
  ...google,
  settings: { tokens: { iss: EMAIL, iat: 0 }, limits: life(3_600) },
  request: { claims: { aud: "https://oauth2.googleapis.com/token", scope: SCOPE } },
  validator: () => googleTokenEndpoint(ACCOUNT),
  also: [
    ["no typ, as its library sends it", header({ typ: undefined, kid: undefined })],
    ["target_audience in place of scope", claims({ scope: undefined, target_audience: "https://run.example" })],
    ["a user whom it acts for", claims({ sub: "admin@example.com" })],
    ["less than an hour", claims({ exp: NOW + 600 })],
  ],
  off: [...GOOGLES, ["no scope", "scope", claims({ scope: undefined })]],
};

const CLIENT = "6731de76-14a6-49ae-97bc-6eba6914391e";
const TOKEN_URL = "https://login.example/oauth2/v1/token";
const THUMBPRINT = createHash("sha256").update("the certificate that was uploaded").digest("base64url");

function assertion(server: Server, more: Partial<Kind> & { readonly also: Kind["also"]; readonly off: Kind["off"] }): Kind {
  return {
    privateKey: rsa.privateKey,
    alg: "RS256",
    kid: "c1",
    settings: {
      tokens: { iss: CLIENT, iat: 0, jti: true },
      limits: { ...life(60), fixedClaims: { sub: CLIENT } },
    },
    request: { claims: { aud: TOKEN_URL } },
    validator: () =>
      clientAssertion(server, { clientId: CLIENT, keys: { c1: rsa.publicKey, [THUMBPRINT]: rsa.publicKey } }, [TOKEN_URL]),
    ...more,
    off: [
      ["an algorithm of shared secrets", "alg", header({ alg: "HS256" })],
      ["no iss", "iss", claims({ iss: undefined })],
      ["another client", "iss", claims({ iss: "0oa2other" })],
      ["no sub", "sub", claims({ sub: undefined })],
      ["another sub", "sub", claims({ sub: "0oa2other" })],
      ["no aud", "aud", claims({ aud: undefined })],
      ["another aud", "aud", claims({ aud: "https://other.example/token" })],
      ["no exp", "exp", claims({ exp: undefined })],
      ["an exp that has passed", "exp", claims({ exp: NOW })],
      ["a jti that is empty", "jti", claims({ jti: "" })],
      ...more.off,
    ],
  };
}

const UNKNOWN_KEY = ["a key that was not registered", "key", header({ kid: "c2" })] as const;
const NO_JTI = ["no jti", "jti", claims({ jti: undefined })] as const;

/** Every kind of token that its users sign themselves, by who takes it. */
export const KINDS: Readonly<Record<string, Kind>> = {
  "github-app": github,
  "app-store-connect": connect,
  "app-store-connect, an individual key": connectAlone,
  "app-store-server": server,
  apns: push,
  "snowflake-keypair, a login": snowflake,
  "snowflake-keypair, the SQL API": snowflakeSql,
  "google-service-account, straight to an API": google,
  "google-service-account, at the token endpoint": googleToken,
  "client-assertion": assertion("oidc", {
    also: [["no iat", claims({ iat: undefined })]],
    off: [UNKNOWN_KEY, NO_JTI],
  }),
  okta: assertion("okta", {
    also: [
      ["no jti", claims({ jti: undefined })],
      ["an hour", claims({ exp: NOW + 3_600 })],
    ],
    off: [
      UNKNOWN_KEY,
      ["an iat that is ahead", "iat", claims({ iat: NOW + 1 })],
      ["a second more than an hour", "exp", claims({ exp: NOW + 3_601 })],
    ],
  }),
  auth0: assertion("auth0", {
    also: [
      ["five minutes", claims({ exp: NOW + 300 })],
      ["an iat of ten seconds ahead", claims({ iat: NOW + 10 })],
    ],
    off: [
      UNKNOWN_KEY,
      NO_JTI,
      ["another algorithm", "alg", header({ alg: "RS512" })],
      ["an iat of eleven seconds ahead", "iat", claims({ iat: NOW + 11 })],
      ["an nbf of eleven seconds ahead", "nbf", claims({ nbf: NOW + 11 })],
      ["a second more than five minutes", "exp", claims({ exp: NOW + 301 })],
      ["a jti of more than 64 characters", "jti", claims({ jti: "j".repeat(65) })],
      ["more than 2,048 octets", "length", claims({ more: "m".repeat(2_048) })],
    ],
  }),
  keycloak: assertion("keycloak", {
    also: [
      ["no iat", claims({ iat: undefined })],
      ["a long life with an iat", claims({ exp: NOW + 3_600 })],
    ],
    off: [
      UNKNOWN_KEY,
      NO_JTI,
      ["two audiences", "audiences", claims({ aud: [TOKEN_URL, "https://login.example"] })],
      ["an iat of more than a minute ago", "iat", claims({ iat: NOW - 61 })],
      ["an iat of sixteen seconds ahead", "iat", claims({ iat: NOW + 16 })],
      ["an nbf of sixteen seconds ahead", "nbf", claims({ nbf: NOW + 16 })],
      ["a second more than a minute, without iat", "exp", claims({ iat: undefined, exp: NOW + 61 })],
    ],
  }),
  entra: assertion("entra", {
    alg: "PS256",
    settings: {
      tokens: { iss: CLIENT, iat: 0, jti: true, certificates: { c1: THUMBPRINT } },
      limits: { ...life(300), fixedClaims: { sub: CLIENT } },
    },
    request: { claims: { aud: TOKEN_URL }, setNbf: true },
    also: [["no kid, where the certificate is named", header({ kid: undefined })]],
    off: [
      NO_JTI,
      ["another algorithm", "alg", header({ alg: "RS256" })],
      ["no certificate", "key", header({ "x5t#S256": undefined })],
      ["a certificate that was not uploaded", "key", header({ "x5t#S256": "A".repeat(43) })],
      ["no typ", "typ", header({ typ: undefined })],
      ["no iat", "iat", claims({ iat: undefined })],
      ["no nbf", "nbf", claims({ nbf: undefined })],
    ],
  }),
};
