/**
 * OAuth and MCP clients as they are get tokens from `signet serve`, and know its issuer's URL alone. Each does the same steps, and what came
 * of them is judged here.
 */
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../tools/processes.mjs";
import { addCaller, withServed } from "./served.mjs";
import { commandOf, nodes } from "./toolchains.mjs";

const dist = new URL("../../dist/verify/index.js", import.meta.url).href;
const signet = fileURLToPath(new URL("../../bin/signet", import.meta.url));
const AUDIENCE = "https://api.example";
const SCOPE = "orders:read";
const EXCHANGED = "user:alice";
const FOREIGN = "https://ci.example";

const SECRET = { client: "web", authentication: "secret", grant: "client credentials" };
const SIGNED = { client: "signer", authentication: "private key", grant: "client credentials", metadata: "oauth2" };
const ASSERTION = { client: "ci", authentication: "none", grant: "assertion", metadata: "oauth2", subject: "job:deploy" };
const BESIDE_SECRET = { client: "web", authentication: "secret", subject: "agent:web" };
/** What is asked for, and what for; of a refusal its word. */
const STEPS = {
  secret: { ...SECRET, metadata: "oauth2" },
  "posted secret": { ...SECRET, authentication: "posted secret", metadata: "oidc" },
  "wrong secret": { ...SECRET, metadata: "oauth2", isRefused: "invalid_client" },
  "private key": SIGNED,
  "wrong key": { ...SIGNED, isRefused: "invalid_client" },
  assertion: ASSERTION,
  "assertion of another subject": { ...ASSERTION, subject: "job:deploy-not", isRefused: "invalid_grant" },
  "assertion beside a secret": { ...ASSERTION, ...BESIDE_SECRET },
  "exchange without a scope": { ...SECRET, grant: "exchange", metadata: "oauth2", subject: EXCHANGED },
  exchange: { ...SECRET, grant: "exchange", scope: SCOPE, metadata: "oidc", subject: EXCHANGED },
};
const ALL = Object.keys(STEPS);
const OF_MCP = ["secret", "wrong secret", "private key", "wrong key"];
const but = (...left) => ALL.filter((name) => !left.includes(name));

/**
 * `more`: what its program is told beside the steps.
 *
 * @type {{ name: string, toolchain: string, program: string, offers: string[], more?: object }[]}
 */
const CLIENTS = [
  { name: "openid-client", toolchain: "node", program: "openid-client.mjs", offers: ALL },
  { name: "oauth4webapi", toolchain: "node", program: "oauth4webapi.mjs", offers: ALL },
  { name: "Authlib", toolchain: "python", program: "oauth_client.py", offers: but("assertion beside a secret") },
  {
    name: "Go's x/oauth2",
    toolchain: "go",
    program: "oauth",
    offers: but("private key", "wrong key", "assertion beside a secret"),
  },
  { name: "Nimbus' OAuth SDK", toolchain: "java", program: "OAuthClient.java", offers: ALL },
  { name: "MCP's SDK 1", toolchain: "node", program: "mcp.mjs", more: { sdk: 1 }, offers: OF_MCP },
  {
    name: "MCP's SDK 2",
    toolchain: "node",
    program: "mcp.mjs",
    more: { sdk: 2 },
    offers: [...OF_MCP, "assertion beside a secret"],
  },
];

/**
 * @param {ReadonlySet<string>} usable the toolchains that are there
 * @returns {Promise<{ passed: number, failures: string[] }>}
 */
export async function tryClients(usable) {
  const clients = CLIENTS.filter(({ toolchain }) => usable.has(toolchain));
  const judge = async (places) => {
    const found = await Promise.all([...clients.map((client) => tryClient(client, places)), ...places.map(askDoctor)]);
    return {
      passed: found.reduce((sum, { passed }) => sum + passed, 0),
      failures: found.flatMap(({ failures }) => failures),
    };
  };
  return withIssuer("", (atRoot) => withIssuer("/tenant/a", (below) => judge([atRoot, below])));
}

/** Serves an issuer whose URL has this path. */
async function withIssuer(path, work) {
  const { createVerifier } = await import(dist);
  const port = await freePort();
  const issuer = `http://localhost:${port}${path}`;
  const keys = { signer: newKey("ec", "ES256", "signer-1"), foreign: newKey("rsa", "RS256", "ci-1") };
  const { verify } = createVerifier({ issuer, audience: null, types: ["at+jwt"] });
  const given = {
    issuer,
    key: keys.signer.private,
    foreign: { issuer: FOREIGN, scope: `${SCOPE} orders:write`, ...keys.foreign.private },
    audience: AUDIENCE,
  };
  return withServed([], ({ secret, cwd }) => work({ given: { ...given, secret }, verify, cwd }), {
    issuer,
    port,
    caller: (cwd) => addCallers(cwd, issuer, keys),
  });
}

/** Adds a caller with a secret that may exchange, one that signs, and one that another issuer's tokens prove. */
function addCallers(cwd, issuer, { signer, foreign }) {
  const limits = { maxTtlSeconds: 600, allowedTypes: ["at+jwt"], allowedAudiences: [AUDIENCE, "http://localhost:*"] };
  const secret = addCaller(cwd, "web", limits);
  const file = join(cwd, "signet.json");
  const config = JSON.parse(readFileSync(file, "utf8"));
  const trusting = (sub) => ({ issuer: FOREIGN, jwks: { keys: [foreign.public] }, audience: issuer, claims: { sub } });
  config.callers.web.trusts = [trusting(BESIDE_SECRET.subject)];
  config.callers.web.exchanges = [{ ...trusting(EXCHANGED), audiences: [AUDIENCE], scopes: [SCOPE] }];
  config.callers.signer = { limits, keys: { jwks: { keys: [signer.public] } } };
  config.callers.ci = { limits: { ...limits, allowedAudiences: [AUDIENCE] }, trusts: [trusting(ASSERTION.subject)] };
  writeFileSync(file, JSON.stringify(config));
  return secret;
}

/** A key pair as clients are given it, and its public half as a config names it. */
function newKey(type, alg, kid) {
  const pair =
    type === "ec" ? generateKeyPairSync(type, { namedCurve: "P-256" }) : generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const own = { kid, alg, use: "sig" };
  return {
    private: {
      jwk: { ...pair.privateKey.export({ format: "jwk" }), ...own },
      pem: pair.privateKey.export({ format: "pem", type: "pkcs8" }),
      kid,
      alg,
    },
    public: { ...pair.publicKey.export({ format: "jwk" }), ...own },
  };
}

/**
 * @param {(typeof CLIENTS)[number]} client
 * @param {{ given: any, verify: any }[]} places
 */
async function tryClient({ name, offers, more, toolchain, program }, places) {
  const [command, ...args] = commandOf({ toolchain, program, node: nodes()[0] });
  const asked = places.flatMap(({ given, verify }) => offers.map((what) => ({ what, verify, step: stepOf(what, given, more) })));
  const steps = asked.map(({ step }) => step);
  const answers = await answersOf(command, args, steps).catch((error) => error);
  if (answers instanceof Error) return { passed: 0, failures: [`${name} could not be run: ${answers.message.slice(-1_000)}`] };
  const faults = await Promise.all(asked.map(({ step, verify }, at) => faultOf(answers[at], step, verify)));
  const failures = asked.flatMap(({ what, step }, at) =>
    faults[at] === undefined ? [] : [`${name} at ${step.issuer}, ${what}: ${faults[at]}`],
  );
  process.stdout.write(`${name}: ${asked.length - failures.length} of ${asked.length} steps as they should be\n`);
  return { passed: asked.length - failures.length, failures };
}

/** What a client is told for a step; of one that is to be refused it gets one thing that is wrong. */
function stepOf(what, given, more) {
  const { subject, ...asked } = STEPS[what];
  const step = { ...given, ...asked, ...more, foreign: { ...given.foreign, subject } };
  if (what === "wrong secret") return { ...step, secret: `${given.secret.slice(0, -4)}AAAA` };
  return what === "wrong key" ? { ...step, key: newKey("ec", "ES256", given.key.kid).private } : step;
}

/** @returns {Promise<any[]>} */
function answersOf(command, args, steps) {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { timeout: 120_000, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout));
      else reject(new Error(stderr || error.message));
    });
    child.stdin?.end(JSON.stringify({ steps }));
  });
}

/** What is wrong with an answer; `undefined` where nothing is. */
async function faultOf({ token, claims: seen, audience, error, told }, { client, issuer, isRefused, ...step }, verify) {
  if (isRefused !== undefined)
    return error === isRefused ? undefined : `should be ${isRefused}, not ${error ?? "a token"} ${told}`;
  if (token === undefined) return `${error}: ${told}`;
  const { claims } = await verify(token);
  const expected = {
    iss: issuer,
    aud: audience ?? step.audience,
    client_id: client,
    scope: step.grant === "exchange" ? SCOPE : undefined,
  };
  for (const [name, value] of Object.entries(expected)) {
    if (claims[name] !== value) return `the token's ${name} is ${JSON.stringify(claims[name])}, not ${value}`;
    if (JSON.stringify(seen[name]) !== JSON.stringify(value) && JSON.stringify(seen[name]) !== JSON.stringify([value]))
      return `it verified ${name} as ${JSON.stringify(seen[name])}`;
  }
  return undefined;
}

/** `signet doctor` finds nothing broken in what is served. */
async function askDoctor({ given: { issuer }, cwd }) {
  const said = await new Promise((resolve) => {
    execFile(process.execPath, [signet, "doctor", issuer, "--json"], { cwd, timeout: 120_000 }, (_error, stdout, stderr) =>
      resolve(stdout || stderr),
    );
  });
  const { findings = [] } = JSON.parse(said);
  const ofDiscovery = findings.filter(({ rule }) => rule.startsWith("discovery"));
  const faults = ofDiscovery.filter(({ level }) => level !== "good").map(({ rule, words }) => `doctor, ${rule}: ${words}`);
  if (ofDiscovery.length === 0) faults.push(`doctor says nothing of discovery: ${said.slice(0, 500)}`);
  return { passed: faults.length === 0 ? 1 : 0, failures: faults };
}
