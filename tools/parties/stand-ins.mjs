/** Servers of this machine that play the other sides: each asks a validator what it thinks of the token that a request carries. */
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { json } from "node:stream/consumers";

const seconds = () => Math.floor(Date.now() / 1_000);

/**
 * @typedef {{ method: string, path: string, token: string, headers: import("node:http").IncomingHttpHeaders, body: any }} Asked
 * @typedef {{ status?: number, body: unknown, headers?: Record<string, string> }} Answer
 * @param {(asked: Asked) => Answer} answer throws what a validator throws: then it answers 401
 */
async function standIn(answer) {
  const tokens = [];
  const server = createServer(async (request, response) => {
    const { method = "", url = "", headers } = request;
    const token = (headers.authorization ?? "").replace(/^(bearer|token) /i, "");
    tokens.push(token);
    const body = await json(request).catch(() => undefined);
    const { status = 200, body: told, headers: more } = answering(() => answer({ method, path: url, token, headers, body }));
    response.writeHead(status, { "content-type": "application/json", ...more }).end(JSON.stringify(told));
  });
  return { url: await listening(server), tokens, close: () => closed(server) };
}

function answering(answer) {
  try {
    return answer();
  } catch (error) {
    return { status: 401, body: { message: error.message, rule: error.rule } };
  }
}

/** The address of a server, once it listens. @param {import("node:net").Server} server */
async function listening(server) {
  await new Promise((resolve) => server.listen(0, "localhost", () => resolve(undefined)));
  return `http://localhost:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
}

function closed(server) {
  server.closeAllConnections?.();
  return new Promise((resolve) => server.close(resolve));
}

const INSTALLATION_TOKEN = "ghs_16C7e42F292c6912E7710c838347Ae178B4a";

/**
 * GitHub: the app's own pages, an installation's access token, and what that token opens.
 *
 * @param {(token: string, now: number) => unknown} validator
 * @param {number} ahead how far GitHub's clock is ahead, in seconds
 */
export function github(validator, ahead = 0) {
  return standIn(({ method, path, token }) => {
    if (path === "/installation/repositories") {
      const isKnown = token === INSTALLATION_TOKEN;
      return isKnown
        ? { body: { total_count: 1, repositories: [{ name: "site" }] } }
        : { status: 401, body: { message: "Bad credentials" } };
    }
    validator(token, seconds() + ahead);
    if (method !== "POST") return { body: { id: 123_456, slug: "token-maker" } };
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    return {
      status: 201,
      body: { token: INSTALLATION_TOKEN, expires_at, permissions: { metadata: "read" }, repository_selection: "all" },
    };
  });
}

/** The App Store Server API, asked for a test notification. @param {(token: string, now: number) => unknown} validator */
export function appStoreServer(validator) {
  return standIn(({ token }) => {
    validator(token, seconds());
    return { body: { testNotificationToken: "made-for-a-test" } };
  });
}

/** An API of Google's. @param {(token: string, now: number) => unknown} validator */
export function googleApi(validator) {
  return standIn(({ token }) => {
    validator(token, seconds());
    return { body: { topics: [] } };
  });
}

/** Snowflake's SQL API. @param {(token: string, now: number) => unknown} validator */
export function snowflakeSqlApi(validator) {
  return standIn(({ token, headers, body }) => {
    validator(token, seconds());
    const isRight = headers["x-snowflake-authorization-token-type"] === "KEYPAIR_JWT" && headers["user-agent"] !== undefined;
    return isRight ? { body: { data: [[body.statement]] } } : { status: 400, body: { code: "391903" } };
  });
}

/** Snowflake's login by workload identity. @param {(token: string) => unknown} verify */
export function snowflakeLogin(verify) {
  return standIn(({ path, body }) => {
    if (!path.startsWith("/session/v1/login-request")) return { body: { success: true, data: {} } };
    const { AUTHENTICATOR, PROVIDER, TOKEN } = body.data;
    if (AUTHENTICATOR !== "WORKLOAD_IDENTITY" || PROVIDER !== "OIDC") throw new Error("no login by workload identity");
    verify(TOKEN);
    const session = {
      token: "session",
      masterToken: "master",
      sessionId: 1,
      validityInSeconds: 3_600,
      masterValidityInSeconds: 14_400,
    };
    return { body: { success: true, data: { ...session, parameters: [], sessionInfo: {} } } };
  });
}

/** APNs, over HTTP/2. @param {(token: string, now: number) => unknown} validator */
export async function apns(validator) {
  const tokens = [];
  const server = createHttp2Server((request, response) => {
    const token = (request.headers.authorization ?? "").replace(/^bearer /i, "");
    tokens.push(token);
    let refusal;
    try {
      validator(token, seconds());
    } catch (error) {
      refusal = error.message;
    }
    const isPath = /^\/3\/device\/[0-9a-f]{64}$/.test(request.url) && request.headers["apns-topic"] !== undefined;
    const status = refusal === undefined ? (isPath ? 200 : 400) : refusal.startsWith("TooMany") ? 429 : 403;
    response.writeHead(status, { "content-type": "application/json" }).end(refusal && JSON.stringify({ reason: refusal }));
  });
  return { url: await listening(server), tokens, close: () => closed(server) };
}

/**
 * Entra, as msal-node's own network client: its addresses are fixed.
 *
 * @param {(token: string, now: number) => unknown} validator
 */
export function entra(validator) {
  const tokens = [];
  const answered = (body, status = 200) => ({ status, headers: {}, body });
  return {
    tokens,
    async sendGetRequestAsync(url) {
      const [base] = url.split("/v2.0/");
      const urls = { authorization_endpoint: `${base}/oauth2/v2.0/authorize`, token_endpoint: `${base}/oauth2/v2.0/token` };
      return answered({ ...urls, issuer: `${base}/v2.0`, jwks_uri: `${base}/discovery/v2.0/keys` });
    },
    async sendPostRequestAsync(_url, { body }) {
      const token = new URLSearchParams(body).get("client_assertion") ?? "";
      tokens.push(token);
      try {
        validator(token, seconds());
      } catch (error) {
        return answered({ error: "invalid_client", error_description: error.rule }, 401);
      }
      return answered({ token_type: "Bearer", expires_in: 3_599, ext_expires_in: 3_599, access_token: "granted" });
    },
  };
}

/**
 * No stand-in: node-oidc-provider, which knows one client by its public key.
 *
 * @param {any} Provider
 * @param {object} jwk
 */
export async function authorizationServer(Provider, jwk) {
  const server = createServer();
  const url = await listening(server);
  const client = {
    client_id: "reports",
    grant_types: ["client_credentials"],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: "private_key_jwt",
    token_endpoint_auth_signing_alg: "RS256",
    jwks: { keys: [jwk] },
  };
  const provider = new Provider(url, {
    clients: [client],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  });
  server.on("request", provider.callback());
  return { url, close: () => closed(server) };
}
