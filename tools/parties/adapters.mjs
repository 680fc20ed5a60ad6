/** Each adapter of examples/adapters, with its library as it comes from npm, against a server that plays the other side. */
import { createSecretKey, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:http2";
import { text } from "node:stream/consumers";
import * as known from "./issuers.mjs";
import * as standIns from "./stand-ins.mjs";

/**
 * @typedef {(what: string, isRight: boolean, seen?: unknown) => void} Check
 * @typedef {{ config: string, pem: string, kid?: string, publicKey: import("node:crypto").KeyObject, thumbprint?: Buffer }} MadeIssuer
 * @typedef {{
 *   issuers: Record<string, MadeIssuer>,
 *   published: { config: string, url: string, createVerifier: (audience: string) => Promise<any> },
 *   validators: any,
 *   openIssuer: (options: { config: string }) => Promise<any>,
 *   adapter: (name: string, config: string) => Promise<any>,
 *   library: (name: string) => Promise<any>,
 *   check: Check,
 * }} World
 */

/** Runs what must throw. @param {() => Promise<unknown>} act @returns {Promise<any>} */
const thrown = (act) =>
  act().then(
    () => undefined,
    (error) => error,
  );

/** @param {World} world */
async function octokit({ issuers, validators, adapter, check }) {
  const { config, publicKey } = issuers["github-app"];
  const { octokitFor } = await adapter("octokit", config);
  for (const ahead of [0, 50, -50]) {
    const github = await standIns.github(validators.githubApp([{ ...known.APP, keys: [publicKey] }]), ahead);
    const octokit = octokitFor(known.APP.clientId, 7, github.url);
    const app = await octokit.request("GET /app");
    check(`octokit shows GitHub our token, whose clock is ${ahead} seconds ahead`, app.data.slug === "token-maker", app.data);
    const { data } = await octokit.request("GET /installation/repositories");
    check("octokit gets an installation's token by it, and uses that", data.repositories[0].name === "site", data);
    check("octokit needed no second try", github.tokens.length === 3, github.tokens.length);
    await github.close();
  }
  const other = await standIns.github(validators.githubApp([{ ...known.APP, keys: [issuers["snowflake-keypair"].publicKey] }]));
  const refused = await thrown(() => octokitFor(known.APP.clientId, 7, other.url).request("GET /installation/repositories"));
  check("octokit is refused where GitHub has another key", refused?.status === 401, refused?.message);
  await other.close();
}

/** @param {World} world */
async function appStoreServer({ issuers, validators, adapter, library, check }) {
  const { config, kid, publicKey } = issuers["app-store-server"];
  const { SignetAppStoreClient } = await adapter("app-store-server", config);
  const { Environment } = await library("@apple/app-store-server-library");
  const keys = (key) => ({ issuerId: known.TEAM_ISSUER, bundleIds: [known.BUNDLE], keys: [{ id: kid, key }] });
  const client = new SignetAppStoreClient(Environment.SANDBOX);
  const apple = await standIns.appStoreServer(validators.appStoreServer(keys(publicKey)));
  client.urlBase = apple.url;
  const answer = await client.requestTestNotification();
  check("Apple's library shows our token", answer.testNotificationToken === "made-for-a-test", answer);
  await client.requestTestNotification();
  check("Apple's library shows a new one in each request", new Set(apple.tokens).size === 2, apple.tokens);
  await apple.close();
  const other = await standIns.appStoreServer(validators.appStoreServer(keys(issuers.apns.publicKey)));
  client.urlBase = other.url;
  const refused = await thrown(() => client.requestTestNotification());
  check("Apple's library is refused where Apple has another key", refused?.httpStatusCode === 401, refused);
  await other.close();
}

/** @param {World} world */
async function google({ issuers, validators, adapter, check }) {
  const { config, kid, publicKey } = issuers["google-service-account"];
  const { clientFor } = await adapter("google-auth-library", config);
  const client = clientFor("https://www.googleapis.com/auth/pubsub");
  const account = (key) => ({ email: known.EMAIL, keys: [{ id: kid, key }] });
  const api = await standIns.googleApi(validators.googleApi(account(publicKey), "https://pubsub.googleapis.com/"));
  const { data } = await client.request({ url: `${api.url}/v1/projects/p/topics` });
  check("google-auth-library shows an API our token", Array.isArray(data.topics), data);
  await client.request({ url: `${api.url}/v1/projects/p/topics` });
  check("google-auth-library uses one token again", api.tokens.length === 2 && new Set(api.tokens).size === 1, api.tokens);
  await api.close();
  const other = await standIns.googleApi(validators.googleApi(account(issuers["github-app"].publicKey), ""));
  const refused = await thrown(() => client.request({ url: other.url, retry: false }));
  check("google-auth-library is refused where Google has another key", refused?.status === 401, refused?.message);
  await other.close();
}

/** @param {World} world */
async function snowflakeSql({ issuers, validators, adapter, check }) {
  const { config, publicKey } = issuers["snowflake-keypair"];
  const { runStatement } = await adapter("snowflake-sql-api", config);
  const user = (key) => ({ ...known.SNOWFLAKE_USER, keys: [key] });
  const api = await standIns.snowflakeSqlApi(validators.snowflakeKeypair(user(publicKey), { isLogin: true }));
  const answer = await runStatement(api.url, "select current_user()");
  check("Snowflake's SQL API takes our token", answer.data[0][0] === "select current_user()", answer);
  await api.close();
  const other = await standIns.snowflakeSqlApi(validators.snowflakeKeypair(user(issuers["github-app"].publicKey)));
  const refused = await thrown(() => runStatement(other.url, "select 1"));
  check("Snowflake refuses it where the user has another key", refused?.message.includes("394304"), refused?.message);
  await other.close();
}

/** @param {World} world */
async function snowflakeSdk({ published, adapter, library, check }) {
  const { connect: login } = await adapter("snowflake-sdk", published.config);
  const { default: snowflake } = await library("snowflake-sdk");
  snowflake.configure({ logLevel: "ERROR", additionalLogToConsole: false });
  // The driver shows such a token to hosts of Snowflake's alone, unless it is told of others.
  process.env.SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES = "localhost";
  const audience = "https://myorg-myaccount.snowflakecomputing.com";
  const verifier = await published.createVerifier(audience);
  let seen;
  const api = await standIns.snowflakeLogin((token) => {
    seen = verifier.verify(token).claims;
  });
  const connection = await login("reports", audience, { account: "myorg-my_account", accessUrl: api.url });
  check("snowflake-sdk logs in by our token", connection.isUp() && seen.sub === "reports", seen);
  await new Promise((resolve) => connection.destroy(() => resolve(undefined)));
  await api.close();
  delete process.env.SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES;
}

/** @param {World} world */
async function push({ issuers, validators, adapter, check }) {
  const { config, kid, publicKey } = issuers.apns;
  const { headersFor } = await adapter("apns", config);
  const apple = await standIns.apns(validators.apns({ teamId: known.TEAM, keys: [{ id: kid, key: publicKey }] }));
  const session = connect(apple.url);
  const send = async () => {
    const stream = session.request(await headersFor("a".repeat(64), known.BUNDLE));
    stream.end(JSON.stringify({ aps: { alert: "hello" } }));
    const [headers] = await once(stream, "response");
    return { status: headers[":status"], body: await text(stream) };
  };
  const answers = await Promise.all([send(), send(), send()]);
  check(
    "APNs takes our token",
    answers.every(({ status }) => status === 200),
    answers,
  );
  check("one token serves all notifications", new Set(apple.tokens).size === 1, apple.tokens);
  session.close();
  await apple.close();
}

/** A real authorization server, which knows the client by its public key. @param {World} world */
async function clientAssertion({ issuers, openIssuer, adapter, library, check }) {
  const { config, kid, publicKey } = issuers["client-assertion"];
  const { clientOf } = await adapter("openid-client", config);
  const { allowInsecureRequests, clientCredentialsGrant, customFetch } = await library("openid-client");
  const { Provider } = await library("oidc-provider");
  const server = await standIns.authorizationServer(Provider, {
    ...publicKey.export({ format: "jwk" }),
    kid,
    alg: "RS256",
    use: "sig",
  });
  const sent = [];
  const recording = (url, options) => {
    if (options.method === "POST") sent.push(new URLSearchParams(options.body));
    return fetch(url, options);
  };
  const options = { execute: [allowInsecureRequests], [customFetch]: recording };
  const client = await clientOf(new URL(server.url), known.CLIENT_ID, options);
  const granted = [await clientCredentialsGrant(client), await clientCredentialsGrant(client)];
  check(
    "oidc-provider takes our assertions",
    granted.every(({ token_type }) => token_type === "bearer"),
    granted,
  );
  check(
    "each is another one",
    sent.length === 2 && sent[0].get("client_assertion") !== sent[1].get("client_assertion"),
    sent.length,
  );
  const again = await fetch(`${server.url}/token`, { method: "POST", body: sent[0] });
  check("and none is taken twice", again.status === 401, again.status);
  const issuer = await openIssuer({ config });
  const elsewhere = new URLSearchParams(sent[0]);
  elsewhere.set("client_assertion", (await issuer.issue({ claims: { aud: "https://other.example" } })).token);
  const { status } = await fetch(`${server.url}/token`, { method: "POST", body: elsewhere });
  check("oidc-provider refuses an assertion for another server", status === 401, status);
  await server.close();
}

/** @param {World} world */
async function entra({ issuers, validators, adapter, check }) {
  const { clientId, tenant } = known.ENTRA;
  const thumbprint = issuers.entra.thumbprint?.toString("base64url") ?? "";
  const { applicationOf } = await adapter("msal-node", issuers.entra.config);
  const audiences = [`https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`];
  const serverWith = ({ publicKey }) =>
    standIns.entra(validators.clientAssertion("entra", { clientId, keys: { [thumbprint]: publicKey } }, audiences));
  const asked = { scopes: ["https://graph.microsoft.com/.default"], skipCache: true };
  const network = serverWith(issuers.entra);
  const application = applicationOf(clientId, tenant, { networkClient: network });
  const granted = [
    await application.acquireTokenByClientCredential(asked),
    await application.acquireTokenByClientCredential(asked),
  ];
  check(
    "Entra takes our assertions from msal-node",
    granted.every(({ accessToken }) => accessToken === "granted"),
    granted,
  );
  check("msal-node sends another one each time", new Set(network.tokens).size === 2, network.tokens);
  const other = applicationOf(clientId, tenant, { networkClient: serverWith(issuers["github-app"]) });
  const refused = await thrown(() => other.acquireTokenByClientCredential(asked));
  check("msal-node is refused where Entra has another key", refused?.errorCode === "invalid_client", refused?.message);
}

/** A program with better-auth, whose users get our tokens. @param {World} world */
async function betterAuth({ published, adapter, library, check }) {
  const { signetJwt } = await adapter("better-auth", published.config);
  const { betterAuth: create } = await library("better-auth");
  const { memoryAdapter } = await library("better-auth/adapters/memory");
  const plugin = signetJwt("my-api");
  const auth = create({
    baseURL: "http://localhost:3000",
    secret: createSecretKey(randomBytes(32)).export().toString("hex"),
    database: memoryAdapter({ user: [], session: [], account: [], verification: [], jwks: [] }),
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
    plugins: [plugin],
  });
  const body = { name: "Alice", email: "alice@example.com", password: "correct horse battery" };
  const signedUp = await auth.api.signUpEmail({ body, asResponse: true });
  const cookie = signedUp.headers
    .getSetCookie()
    .map((each) => each.split(";")[0])
    .join("; ");
  const { token } = await auth.api.getToken({ headers: new Headers({ cookie }) });
  const { claims } = (await published.createVerifier("my-api")).verify(token);
  const { user } = await signedUp.json();
  check("better-auth gives its users our tokens", claims.sub === user.id && claims.email === body.email, claims);
  const jwks = await auth.handler(new Request("http://localhost:3000/api/auth/jwks"));
  check("better-auth publishes no keys of its own", jwks.status === 404, jwks.status);
  check(
    "better-auth names ours",
    plugin.options.jwks.remoteUrl === `${published.url}/.well-known/jwks.json`,
    plugin.options.jwks,
  );
  const { sign } = plugin.options.jwt;
  for (const [what, ...more] of [
    ["a typ that the limits do not list", { typ: "logout+jwt" }],
    ["a cty", { cty: "JWT" }],
    ["a key that is asked for", {}, { signingKeyId: "k" }],
    ["another algorithm", {}, { signingAlgorithm: "EdDSA" }],
  ]) {
    const refused = await thrown(() => sign({ sub: "alice" }, ...more));
    check(`better-auth is refused ${what}`, refused instanceof Error, refused);
  }
}

export const ADAPTERS = { octokit, appStoreServer, google, snowflakeSql, snowflakeSdk, push, clientAssertion, entra, betterAuth };
