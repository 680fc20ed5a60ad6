/**
 * The other sides' own libraries sign with the same key what an issuer of ours signs: header and claims are compared member by member, and
 * the validators take both.
 */
import { createPrivateKey, webcrypto } from "node:crypto";
import * as known from "./issuers.mjs";
import { entra } from "./stand-ins.mjs";

/** @typedef {import("./adapters.mjs").World} World */

const partsOf = (token) =>
  token
    .split(".")
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
const TIMES = ["iat", "exp", "nbf", "jti"];

/** What differs between two objects, beyond times and random texts: those are compared by their presence, and judged by the validator. */
function differences(what, ours, theirs) {
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap((name) => {
    if (!(name in theirs)) return [`${what}.${name}: ours alone`];
    if (!(name in ours)) return [`${what}.${name}: theirs alone`];
    if (TIMES.includes(name)) return [];
    const [a, b] = [ours[name], theirs[name]].map((value) => JSON.stringify(value));
    return a === b ? [] : [`${what}.${name}: ours ${a}, theirs ${b}`];
  });
}

/** The account as Google knows it. @param {import("./adapters.mjs").MadeIssuer} issuer */
const account = ({ kid, publicKey }) => ({ email: known.EMAIL, keys: [{ id: kid, key: publicKey }] });
const PUBSUB = "https://pubsub.googleapis.com/";
const SCOPE = "https://www.googleapis.com/auth/pubsub";
const AUDIENCE = { aud: "appstoreconnect-v1" };
const ENTRA_URL = `https://login.microsoftonline.com/${known.ENTRA.tenant}/oauth2/v2.0/token`;
const SERVER = { issuer: "https://login.example", token_endpoint: "https://login.example/token" };

/**
 * @type {readonly {
 *   library: string,
 *   kind: string,
 *   request: { claims: object, setNbf?: boolean },
 *   theirs: (issuer: import("./adapters.mjs").MadeIssuer, world: World) => Promise<string>,
 *   validator: (issuer: import("./adapters.mjs").MadeIssuer, validators: any) => (token: string, now: number) => unknown,
 *   differs: readonly string[],
 * }[]}
 */
const WITNESSES = [
  {
    library: "universal-github-app-jwt",
    kind: "github-app",
    request: { claims: {} },
    theirs: async ({ pem }, { library }) => {
      const { default: githubAppJwt } = await library("universal-github-app-jwt");
      return (await githubAppJwt({ id: known.APP.clientId, privateKey: pem })).token;
    },
    validator: ({ publicKey }, { githubApp }) => githubApp([{ ...known.APP, keys: [publicKey] }]),
    differs: [],
  },
  {
    library: "node-app-store-connect-api",
    kind: "app-store-connect",
    request: { claims: AUDIENCE },
    theirs: async ({ pem, kid }, { library }) => {
      const { api } = await library("node-app-store-connect-api");
      let sent = "";
      const capture = async (_url, { headers }) => {
        sent = headers.Authorization;
        return new Response("{}", { headers: { "content-type": "application/json" } });
      };
      const client = await api({ issuerId: known.TEAM_ISSUER, apiKey: kid, privateKey: pem, fetch: capture });
      await client.fetch("apps");
      return sent.replace("Bearer ", "");
    },
    validator: ({ kid, publicKey }, { appStoreConnect }) =>
      appStoreConnect([{ id: kid, key: publicKey, issuerId: known.TEAM_ISSUER }]),
    differs: [],
  },
  {
    library: "@apple/app-store-server-library",
    kind: "app-store-server",
    request: { claims: AUDIENCE },
    theirs: async ({ pem, kid }, { library }) => {
      const { AppStoreServerAPIClient, Environment } = await library("@apple/app-store-server-library");
      const client = new AppStoreServerAPIClient(pem, kid, known.TEAM_ISSUER, known.BUNDLE, Environment.SANDBOX);
      return client.createBearerToken();
    },
    validator: ({ kid, publicKey }, { appStoreServer }) =>
      appStoreServer({ issuerId: known.TEAM_ISSUER, bundleIds: [known.BUNDLE], keys: [{ id: kid, key: publicKey }] }),
    differs: [],
  },
  {
    library: "apns2",
    kind: "apns",
    request: { claims: {} },
    theirs: async ({ pem, kid }, { library }) => {
      const { ApnsClient } = await library("apns2");
      const client = new ApnsClient({ team: known.TEAM, keyId: kid, signingKey: pem, keepAlive: false });
      const token = client._getSigningToken();
      await client.close();
      return token;
    },
    validator: ({ kid, publicKey }, { apns }) => apns({ teamId: known.TEAM, keys: [{ id: kid, key: publicKey }] }),
    differs: [],
  },
  {
    library: "@parse/node-apn",
    kind: "apns",
    request: { claims: {} },
    theirs: async ({ pem, kid }, { library }) => {
      const { default: apn } = await library("@parse/node-apn");
      const provider = new apn.Provider({ token: { key: pem, keyId: kid, teamId: known.TEAM } });
      const token = provider.client.config.token.current;
      provider.shutdown();
      return token;
    },
    validator: ({ kid, publicKey }, { apns }) => apns({ teamId: known.TEAM, keys: [{ id: kid, key: publicKey }] }),
    differs: [],
  },
  {
    library: "snowflake-sdk",
    kind: "snowflake-keypair",
    request: { claims: {} },
    theirs: async ({ pem }, { library }) => {
      const { default: AuthKeypair } = await library("snowflake-sdk/dist/lib/authentication/auth_keypair.js");
      const settings = { getPrivateKey: () => pem, getPrivateKeyPath: () => undefined, getPrivateKeyPass: () => undefined };
      const login = new AuthKeypair(settings);
      const { account: name, user } = known.SNOWFLAKE_USER;
      await login.authenticate("SNOWFLAKE_JWT", "", name, user);
      const body = { data: { TOKEN: "" } };
      login.updateBody(body);
      return body.data.TOKEN;
    },
    validator: ({ publicKey }, { snowflakeKeypair }) =>
      snowflakeKeypair({ ...known.SNOWFLAKE_USER, keys: [publicKey] }, { isLogin: true }),
    differs: [],
  },
  {
    library: "google-auth-library",
    kind: "google-service-account",
    request: { claims: { aud: PUBSUB } },
    theirs: async ({ pem, kid }, { library }) => {
      const { JWT } = await library("google-auth-library");
      const headers = await new JWT({ email: known.EMAIL, key: pem, keyId: kid }).getRequestHeaders(PUBSUB);
      return headers.get("authorization").replace("Bearer ", "");
    },
    validator: (issuer, { googleApi }) => googleApi(account(issuer), PUBSUB),
    differs: [],
  },
  {
    library: "google-auth-library",
    kind: "google-service-account",
    request: { claims: { scope: SCOPE } },
    theirs: async ({ pem, kid }, { library }) => {
      const { JWT } = await library("google-auth-library");
      const client = new JWT({ email: known.EMAIL, key: pem, keyId: kid, scopes: [SCOPE] });
      client.useJWTAccessWithScope = true;
      return (await client.getRequestHeaders(PUBSUB)).get("authorization").replace("Bearer ", "");
    },
    validator: (issuer, { googleApi }) => googleApi(account(issuer), PUBSUB),
    differs: [],
  },
  {
    library: "openid-client",
    kind: "client-assertion",
    request: { claims: { aud: SERVER.issuer } },
    theirs: async ({ pem, kid }, { library }) => {
      const { PrivateKeyJwt } = await library("openid-client");
      const der = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
      const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
      const key = await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
      const body = new URLSearchParams();
      await PrivateKeyJwt({ key, kid })(SERVER, { client_id: known.CLIENT_ID }, body, new Headers());
      return body.get("client_assertion") ?? "";
    },
    validator: ({ kid, publicKey }, { clientAssertion }) =>
      clientAssertion("oidc", { clientId: known.CLIENT_ID, keys: { [kid ?? ""]: publicKey } }, [SERVER.issuer]),
    // Nobody asks for nbf, and typ is JWT in ours.
    differs: ["header.typ: ours alone", "claims.nbf: theirs alone"],
  },
  {
    library: "@azure/msal-node",
    kind: "entra",
    request: { claims: { aud: ENTRA_URL }, setNbf: true },
    theirs: async ({ pem, thumbprint }, { library }) => {
      const { ConfidentialClientApplication } = await library("@azure/msal-node");
      const { clientId, tenant } = known.ENTRA;
      const network = entra(() => undefined);
      const application = new ConfidentialClientApplication({
        auth: {
          clientId,
          authority: `https://login.microsoftonline.com/${tenant}`,
          clientCertificate: { thumbprintSha256: thumbprint?.toString("hex"), privateKey: pem },
        },
        system: { networkClient: network },
      });
      await application.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] });
      return network.tokens[0];
    },
    validator: ({ publicKey, thumbprint }, { clientAssertion }) => {
      const keys = { [thumbprint?.toString("base64url") ?? ""]: publicKey };
      return clientAssertion("entra", { clientId: known.ENTRA.clientId, keys }, [ENTRA_URL]);
    },
    differs: ["header.kid: ours alone"],
  },
];

/** @param {World} world */
export async function compareWitnesses(world) {
  const { issuers, validators, openIssuer, check } = world;
  for (const { library, kind, request, theirs, validator, differs } of WITNESSES) {
    const issuer = issuers[kind];
    const { token: ours } = await (await openIssuer({ config: issuer.config })).issue(request);
    const other = await theirs(issuer, world);
    const [ourHeader, ourClaims] = partsOf(ours);
    const [header, otherClaims] = partsOf(other);
    const found = [...differences("header", ourHeader, header), ...differences("claims", ourClaims, otherClaims)];
    check(`what ${library} signs for ${kind} is what we sign`, JSON.stringify(found) === JSON.stringify(differs), found);
    for (const [whose, token] of [
      ["ours", ours],
      ["that of the library", other],
    ]) {
      const fault = faultOf(() => validator(issuer, validators)(token, Math.floor(Date.now() / 1_000)));
      check(`the validator of ${kind} takes ${whose} (${library})`, fault === undefined, fault);
    }
  }
}

function faultOf(act) {
  try {
    act();
    return undefined;
  } catch (error) {
    return `${error.rule}: ${error.message}`;
  }
}
