import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { until } from "../contracts/until.js";
import { jwksOf } from "../trust/fixture.js";
import { type TestKey, testKey } from "../verify/tokens.js";
import { signet } from "./command.js";
import { killServers, type ServerProcess, served } from "./server-process.js";

const scratch = scratchDirectories();
const US = "http://localhost:7117/auth";
const IDP = "https://idp.example";
const API = "https://api.example";
const ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const TYPE = "urn:ietf:params:oauth:token-type:";
const WORKERS = ["--workers", "2"];

let cwd: string;
let idp: TestKey;
let own: TestKey;
let server: ServerProcess;
let secret: string;

const now = () => Math.floor(Date.now() / 1_000);
const proof = (jti: string, claims: object = {}) =>
  idp.good({
    iss: IDP,
    aud: US,
    sub: "repo:acme/app",
    iat: now(),
    nbf: now(),
    exp: now() + 600,
    jti,
    repository: "acme/app",
    ...claims,
  });
const assertion = (jti: string) =>
  own.good({ iss: "batch", sub: "batch", aud: US, iat: now(), nbf: now(), exp: now() + 60, jti });

async function edit(change: (config: { callers: Record<string, object> }) => void): Promise<void> {
  const path = join(cwd, "signet.json");
  const config = JSON.parse(await readFile(path, "utf8"));
  change(config);
  await writeFile(path, JSON.stringify(config));
}

/** Asks over a connection of its own, which may lead to any worker. */
function token(
  form: Readonly<Record<string, string>>,
  path = "/auth/token",
): Promise<{ status?: number | undefined; body: Record<string, string> }> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return new Promise((resolve, reject) => {
    const asked = request(server.url + path, { method: "POST", headers, agent: false }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => resolve({ status: answer.statusCode, body: JSON.parse(text) }));
    });
    asked.on("error", reject);
    asked.end(new URLSearchParams(form).toString());
  });
}

const byAssertion = (shown: string) => ({
  grant_type: "client_credentials",
  client_assertion_type: ASSERTION,
  client_assertion: shown,
});

beforeAll(async () => {
  cwd = await scratch();
  [idp, own] = await Promise.all([testKey("ES256", "idp"), testKey("EdDSA", "own")]);
  expect((await signet(["init", "--issuer", US], { cwd })).code).toBe(0);
  secret = (await signet(["callers", "add", "gate"], { cwd })).stdout.trim();
  await edit(({ callers }) => {
    const rule = { issuer: IDP, jwks: jwksOf(idp), claims: { sub: "repo:acme/app" } };
    callers.ci = { trusts: [{ ...rule, singleUse: true, claimsFromProof: { repository: "repo" } }] };
    callers.batch = { keys: { jwks: jwksOf(own) } };
    const ours = { issuer: US, claims: { sub: "ci" }, audience: US, audiences: [API], scopes: ["read"] };
    callers.gate = { ...callers.gate, exchanges: [ours] };
    callers.mixing = { exchanges: ["https://a.example", "https://b.example"].map((issuer) => ({ issuer, audiences: [API] })) };
  });
  server = await served(cwd, WORKERS);
});
afterAll(killServers);

describe("signet serve, to callers without secrets", () => {
  it("says at its start whose exchanges mix up the subjects of two issuers", async () => {
    await until("its warnings", async () => server.stderr().includes("exchanges.1 of the caller mixing has no subjectPrefix"));
    expect(server.stderr()).toMatch(/^ {2}warning {2}exchanges\.0 of the caller mixing has no subjectPrefix/m);
  });

  it("gives them tokens, at its path and without it", async () => {
    const { status, body } = await token(byAssertion(proof("first")));
    expect([status, body]).toStrictEqual([200, expect.objectContaining({ token_type: "Bearer" })]);
    expect(decodeJwt(body.access_token ?? "")).toMatchObject({ iss: US, sub: "ci", client_id: "ci", repo: "acme/app" });
    const grant = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: assertion("first") };
    expect(decodeJwt((await token(grant, "/token")).body.access_token ?? "")).toMatchObject({ sub: "batch", client_id: "batch" });
  });

  it("takes a proof once, whichever worker was asked, and after it was started anew", async () => {
    const shown = byAssertion(proof("once"));
    const mine = byAssertion(assertion("once"));
    const answers = await Promise.all(Array.from({ length: 12 }, (_, at) => token(at % 2 === 0 ? shown : mine)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(answers.filter(({ status, body }) => status === 401 && body.error === "invalid_client")).toHaveLength(10);
    await server.stop();
    server = await served(cwd, WORKERS);
    expect((await token(shown)).status).toBe(401);
    expect((await token(byAssertion(proof("again")))).status).toBe(200);
  });

  it("knows a new caller at once, and one that is gone no more", async () => {
    await edit(({ callers }) => {
      callers.late = { trusts: [{ issuer: IDP, jwks: jwksOf(idp), claims: { sub: "repo:acme/late" } }] };
    });
    const late = () => token(byAssertion(proof("late", { sub: "repo:acme/late" })));
    expect((await late()).status).toBe(200);
    await edit(({ callers }) => void delete callers.late);
    await until("the removal", async () => (await late()).status !== 200);
  });

  it("exchanges its own tokens, and logs who was let in, but no token", async () => {
    // One that names us as its only audience, as a front door's clients get it.
    const { body } = await token({ ...byAssertion(proof("subject")), audience: US, scope: "read write" });
    const form = {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      ...{ client_id: "gate", client_secret: secret, audience: API, scope: "read" },
      ...{ subject_token: body.access_token ?? "", subject_token_type: `${TYPE}access_token` },
    };
    const answer = await token(form);
    expect(answer.body.issued_token_type).toBe(`${TYPE}access_token`);
    expect(decodeJwt(answer.body.access_token ?? "")).toMatchObject({
      iss: US,
      sub: "ci",
      client_id: "gate",
      aud: API,
      scope: "read",
    });
    expect((await token({ ...form, scope: "write" })).body.error).toBe("invalid_scope");
    await until("the log", async () => server.stdout().includes('"caller":"gate"'));
    expect(server.stdout()).not.toContain((body.access_token ?? "").split(".")[2]);
    expect(server.stdout()).not.toContain(secret);
  });
});
