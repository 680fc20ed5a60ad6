/**
 * Takes what the server does for a request apart, and prints the microseconds of processor time of each part as JSON: in a loop that does
 * nothing else, and each turn of twenty, and each single one, after the processor's caches were filled with something else.
 *
 *   node bench/parts.mjs          some seconds
 *   node bench/parts.mjs --smoke  looks whether everything works
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { getRequestListener } from "@hono/node-server";
import { build } from "esbuild";
import { OURS } from "./assertions.mjs";
import { requests } from "./contestants.mjs";
import { awaited, measure, spread } from "./measure.mjs";
import { callersOfKinds, proofRequests } from "./proofs.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));

const EFFORT = process.argv.includes("--smoke") ? { rounds: 1, sliceMs: 1, turns: 1 } : { rounds: 15, sliceMs: 10, turns: 60 };
/** As many as the connections of `bench:http`. */
const TURN = 20;
/** More than a core's own caches hold. */
const OTHER_WORK = new Uint8Array(8 * 1024 * 1024);

/** Modules of TypeScript, by their paths in src/, as one; packages stay outside, since some of them are no ES modules. */
async function modules(...paths) {
  const outfile = join(root, "bench/.cache/parts.mjs");
  const contents = paths.map((path) => `export * from "./src/${path}";`).join("\n");
  const options = { bundle: true, platform: "node", format: "esm", target: "node20.19", packages: "external" };
  const define = { __SIGNET_VERSION__: '"bench"' };
  await build({ ...options, define, stdin: { contents, resolveDir: root }, outfile, logLevel: "error" });
  return import(pathToFileURL(outfile).href);
}

const signet = await modules(
  "algorithms/signature.js",
  "encoding/strict-json.js",
  "http/form.js",
  "http/routes.js",
  "issue/caller-secret.js",
  "issue/callers.js",
  "server/log.js",
  "server/metrics.js",
  "trust/key-sources.js",
  "trust/proofs.js",
  "trust/verify-by-ways.js",
);

const clock = () => Math.floor(Date.now() / 1_000);

/** A request as the routes take it, its body at hand. */
function asked({ path, headers, body }) {
  const request = {
    method: "POST",
    url: path,
    headers: { get: (name) => headers[name] ?? null, has: (name) => Object.hasOwn(headers, name) },
  };
  const bytes = Buffer.from(body);
  return (routes) => routes(request, { address: "127.0.0.1", target: path, body: bytes, log: {} });
}

/** What each part does once. The signer of the routes answers at once. */
async function partsOf() {
  // As in the server: its light Response stands in the place of Node's.
  getRequestListener(() => new Response(""));
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signer = signet.localSigner({ privateKey, alg: "ES256" });
  const bytes = Buffer.alloc(64);
  const secret = signet.makeSecret();
  const secrets = [{ sha256: signet.secretDigest(secret).toString("hex"), createdAt: 0 }];
  const proving = callersOfKinds();
  const list = Object.entries({ bench: { secrets }, ...proving }).map(([name, caller]) => ({ name, ...caller }));
  const callers = signet.createCallers({ signer: { ...signer, sign: () => bytes }, issuer: OURS }, list);
  const sources = signet.createKeySources({ clock });
  const proofs = signet.createProofs({ issuer: OURS, callers: proving, sources, once: undefined, clock });
  const routes = signet.createRoutes({
    issuer: OURS,
    callers: () => callers,
    proofs: () => proofs,
    documents: () => undefined,
    clock,
  });
  const { issue, token } = requests({ secret, expired: secret });
  const { proofES256: es256, proofRS256: rs256 } = proofRequests();
  const [form, proof] = [Buffer.from(rs256.body), new URLSearchParams(rs256.body).get("client_assertion")];
  const json = Buffer.from(issue.body);
  const wanted = JSON.parse(issue.body);
  const { issuer } = callers.named("bench");
  const { answered } = signet.createLog(openSync("/dev/null", "w"), false, true);
  const metrics = signet.createMetrics(() => ({ alg: "ES256", kid: signer.kid }), clock);
  const context = { address: "127.0.0.1", log: { route: "/issue", caller: "bench", tokens: 1 } };
  const told = { context, method: "POST", status: 200, milliseconds: 0.5, id: "1-1" };
  const [byIssue, bySecret, byES256, byRS256] = [issue, token, es256, rs256].map(asked);
  for (const by of [byIssue, bySecret, byES256, byRS256]) {
    const answer = await by(routes);
    if (answer.status !== 200) throw new Error(await answer.text());
  }
  return {
    "a bare signature": () => sign("sha256", bytes, privateKey),
    "the body, read as JSON that is read in one way": () => signet.parseStrictJson(json, "the request"),
    "the caller, by its secret": () => callers.authenticate(secret, clock()),
    "claims, checked and encoded": () => issuer.issue(wanted),
    "`/issue` without its signature: all of these, route, checks of headers, answer": () => byIssue(routes),
    "the line of the log": () => answered(told),
    "the metrics": () => metrics.answered(told),
    "`/token` by a secret, without its signature": () => bySecret(routes),
    "the form of a proof": () => signet.parseForm(form),
    "the proof, read": () => signet.readUnverified(proof),
    "RS256: the proof, read, verified and held against its rule": () => proofs.prove(proof, {}),
    "RS256: `/token` by the proof, without the signature of the answer": () => byRS256(routes),
    "ES256: `/token` by the proof, without the signature of the answer": () => byES256(routes),
  };
}

/** Twenty, one after the other, as in a turn of the event loop; the last is waited for. */
async function turnOf(once, count = TURN) {
  let last;
  for (let at = 0; at < count; at++) last = once();
  await last;
}

/** Microseconds of each of `count` that come after other work, round by round. */
async function afterOtherWork(once, count) {
  const times = [];
  for (let turn = 0; turn < EFFORT.turns; turn++) {
    OTHER_WORK.fill(turn);
    const began = process.cpuUsage();
    await turnOf(once, count);
    const { user, system } = process.cpuUsage(began);
    times.push((user + system) / count);
  }
  return spread(times).median;
}

const parts = Object.entries(await partsOf());
const loop = await measure(
  parts.map(([name, once]) => awaited(name, () => turnOf(once), TURN)),
  EFFORT,
);
const figures = [];
for (const [name, once] of parts) {
  figures.push({
    name,
    loop: spread(loop.get(name)).median,
    turn: await afterOtherWork(once, TURN),
    alone: await afterOtherWork(once, 1),
  });
}
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exit();
