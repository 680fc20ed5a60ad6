import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { loadConfig } from "../../src/config/load.js";
import { createVerifier } from "../../src/verify/index.js";
import { regionOf } from "../../tools/docs.mjs";
import { freePort } from "../../tools/processes.mjs";
import { SIGNET, signet } from "../cli/command.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { until } from "../contracts/until.js";

/**
 * The files of docs/callers/ as readers paste them, against a served issuer: one server plays GitHub, GitLab, the cluster, STS and SPIRE, and
 * the API that is called at the end. Only addresses are put in.
 */
const root = fileURLToPath(new URL("../../", import.meta.url));
const example = (name: string) => readFile(join(root, "examples/callers", name), "utf8");
const scratch = scratchDirectories();
const hasTools = ["sh", "curl", "jq", "openssl"].every((tool) => spawnSync(tool, ["--version"]).error === undefined);

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const JWKS = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k", alg: "ES256", use: "sig" }] };

let [cwd, outside, issuer, secret]: [string, string, string, string] = ["", "", "", ""];
let served: ChildProcess | undefined;
let standIn: Server;
/** What the API was called with. */
const called: string[] = [];
/** What whoever signs for the workload says of it, beside the times. */
let workload: Readonly<Record<string, unknown>> = {};

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

function proofFor(audience: string | null): string {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: outside, aud: audience, iat: now, exp: now + 300, jti: randomUUID(), ...workload };
  const input = `${encoded({ alg: "ES256", kid: "k", typ: "JWT" })}.${encoded(claims)}`;
  return `${input}.${sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

async function startStandIn(): Promise<string> {
  standIn = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", outside);
    const json = (body: unknown, status = 200) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (pathname === "/.well-known/openid-configuration") return json({ issuer: outside, jwks_uri: `${outside}/jwks` });
    if (pathname === "/jwks") return json(JWKS);
    // GitHub's, as its runners ask it; STS and SPIRE are asked by stubs of their commands.
    if (pathname === "/proof" && request.headers.authorization === "Bearer request-token")
      return json({ value: proofFor(searchParams.get("audience")) });
    called.push(request.headers.authorization ?? "");
    return json({});
  });
  await new Promise<void>((resolve) => standIn.listen(0, "localhost", resolve));
  return `http://localhost:${(standIn.address() as AddressInfo).port}`;
}

/** A command that asks the stand-in for a proof, and shows it as the real one would. */
async function stub(name: string, flag: string, shown: string): Promise<void> {
  const path = join(cwd, "bin", name);
  const find = `while [ "$1" != ${flag} ]; do shift; done`;
  const ask = `curl -sS -H 'Authorization: Bearer request-token' "${outside}/proof?audience=$2" | jq -r .value`;
  await writeFile(path, `#!/bin/sh\n${find}\nproof=$(${ask})\nprintf '${shown}' "$proof"\n`);
  await chmod(path, 0o755);
}

const here = (text: string) =>
  text
    .replaceAll("https://issuer.example", issuer)
    .replaceAll("https://api.example", `${outside}/api`)
    .replaceAll(/https:\/\/(0a1b2c3d\.tokens\.sts\.global\.api\.aws|oidc\.example\.org|login\.example)/g, outside);

async function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const PATH = [join(cwd, "bin"), process.env.PATH].join(delimiter);
  const child = spawn(command, args, { cwd, env: { PATH, HOME: cwd, ISSUER_URL: issuer, ...env } });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

/** Adds a caller as the page says; an issuer that a preset knows is played here as well. */
async function add(region: string): Promise<void> {
  const line = here(regionOf(await example("add.sh"), region)).replaceAll("\\\n", " ");
  const [, ...words] = line.trim().split(/\s+/);
  const isFetched = line.includes("--trust") && !line.includes("--jwks");
  const local = [
    ...(isFetched ? ["--private-network"] : []),
    ...(/--trust (github|gitlab)/.test(line) ? ["--issuer", outside] : []),
  ];
  const { code, stderr } = await signet([...words, ...local], { cwd });
  expect(code, stderr).toBe(0);
}

/** Adds the caller of the page's config that exchanges tokens. @returns its secret */
async function addGateway(): Promise<string> {
  const { stdout } = await signet(["callers", "add", "gateway"], { cwd });
  const config = JSON.parse(await readFile(join(cwd, "signet.json"), "utf8"));
  const { exchanges } = JSON.parse(here(await example("signet.json"))).callers.gateway;
  config.callers.gateway.exchanges = [{ ...exchanges[0], privateNetwork: true }];
  await writeFile(join(cwd, "signet.json"), JSON.stringify(config));
  return stdout.trim();
}

beforeAll(async () => {
  if (!hasTools) return;
  cwd = await scratch();
  outside = await startStandIn();
  const port = await freePort();
  issuer = `http://localhost:${port}`;
  await mkdir(join(cwd, "bin"));
  await stub("aws", "--audience", "%s\\n");
  await stub(
    "spire-agent",
    "-audience",
    "token(spiffe://example.org/ns/prod/sa/billing):\\n\\t%s\\nbundle(spiffe://example.org):\\n\\t{}\\n",
  );
  await writeFile(join(cwd, "jwks.json"), JSON.stringify(JWKS));
  await run("sh", ["-c", await example("key.sh")]);
  await signet(["init", "--issuer", issuer], { cwd });
  for (const name of ["github-actions", "gitlab", "kubernetes", "aws", "spiffe", "private-key-jwt", "from-proof"])
    await add(name);
  secret = await addGateway();
  served = spawn(process.execPath, [SIGNET, "serve", "--port", `${port}`], {
    cwd,
    stdio: "ignore",
  });
  await until("the server", () =>
    fetch(`${issuer}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
});

afterAll(async () => {
  served?.kill("SIGKILL");
  standIn?.close();
  standIn?.closeAllConnections();
});

/** The claims of the token that the API was called with, which are good by the issuer's keys. */
async function claimsOf(token: string | undefined, audience = "my-api") {
  const keys = (await (await fetch(`${issuer}/.well-known/jwks.json`)).json()) as never;
  return (await createVerifier({ keys, issuer, audience }).verify(token ?? "")).claims;
}

const shell = (text: string, env: Readonly<Record<string, string>> = {}) => run("sh", ["-c", here(text)], env);
const GITHUB = { sub: "repo:o/r:ref:refs/heads/main", repository_id: "1234", ref: "refs/heads/main", event_name: "push" };
const GITHUB_ENV = {
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request-token",
  ACTIONS_ID_TOKEN_REQUEST_URL: "http://x/proof?v=1",
};

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run: string }[] }>>;
}
interface Pod {
  readonly kind: string;
  readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] };
}

/** How each page's file is run: what its platform would do with it. */
const EXAMPLES: readonly {
  readonly name: string;
  readonly caller: string;
  readonly says: Readonly<Record<string, unknown>>;
  /** One claim off; what else is refused is tried without a process. */
  readonly off?: Readonly<Record<string, unknown>>;
  readonly work: () => Promise<{ readonly code: number | null; readonly stderr: string }>;
}[] = [
  {
    name: "GitHub Actions",
    caller: "ci",
    says: GITHUB,
    off: { event_name: "pull_request_target" },
    async work() {
      const { jobs } = parse(await example("github-actions.yml")) as Workflow;
      const variables = join(cwd, "github-env");
      await writeFile(variables, "");
      const env = { ...GITHUB_ENV, ACTIONS_ID_TOKEN_REQUEST_URL: `${outside}/proof?v=1`, GITHUB_ENV: variables };
      for (const { run: script } of jobs.deploy?.steps ?? []) {
        const set = Object.fromEntries((await readFile(variables, "utf8")).split("\n").map((line) => line.split("=", 2)));
        const ran = await run("bash", ["-e", "-c", here(script)], { ...env, ...set });
        if (ran.code !== 0) return ran;
      }
      return { code: 0, stderr: "" };
    },
  },
  {
    name: "GitLab",
    caller: "deploy",
    says: { sub: "project_path:g/p:ref_type:branch:ref:main", project_id: "20", ref: "main", ref_protected: "true" },
    async work() {
      const { deploy } = parse(await example("gitlab-ci.yml")) as {
        deploy: { script: string[]; id_tokens: { PROOF: { aud: string } } };
      };
      return shell(`set -e\n${deploy.script.join("\n")}`, { PROOF: proofFor(here(deploy.id_tokens.PROOF.aud)) });
    },
  },
  {
    name: "Kubernetes",
    caller: "api",
    says: { iss: "https://kubernetes.default.svc.cluster.local", sub: "system:serviceaccount:prod:api" },
    async work() {
      const documents = parseAllDocuments(await example("kubernetes.yaml")).map((each) => each.toJS() as Pod);
      const pod = documents.find(({ kind }) => kind === "Pod");
      await writeFile(join(cwd, "proof"), proofFor(issuer));
      return shell(pod?.spec.containers[0]?.args[0] ?? "", { PROOF_FILE: join(cwd, "proof") });
    },
  },
  {
    name: "ECS",
    caller: "orders",
    says: { sub: "x", "https://sts.amazonaws.com/": { principal_id: "arn:aws:iam::123456789012:role/orders" } },
    work: async () => shell(await example("ecs.sh")),
  },
  {
    name: "Lambda",
    caller: "orders",
    says: { sub: "x", "https://sts.amazonaws.com/": { principal_id: "arn:aws:iam::123456789012:role/orders" } },
    async work() {
      const sdk = join(cwd, "node_modules/@aws-sdk/client-sts");
      await mkdir(sdk, { recursive: true });
      await writeFile(join(sdk, "package.json"), '{"type":"module","exports":"./index.js"}');
      await writeFile(
        join(sdk, "index.js"),
        `import { execFileSync } from "node:child_process";
        export class GetWebIdentityTokenCommand { constructor(input) { this.input = input; } }
        export class STSClient {
          async send({ input: { Audience: [audience], SigningAlgorithm, DurationSeconds } }) {
            if (SigningAlgorithm !== "ES384" || DurationSeconds > 3600) throw new Error("ValidationError");
            return { WebIdentityToken: execFileSync("aws", ["--audience", audience], { encoding: "utf8" }).trim() };
          }
        }`,
      );
      await symlink(root, join(cwd, "node_modules/signet-jwt")).catch(() => undefined);
      await copyFile(join(root, "examples/callers/lambda.mjs"), join(cwd, "lambda.mjs"));
      return run(process.execPath, ["-e", 'import("./lambda.mjs").then(({ handler }) => handler())'], {
        API_URL: `${outside}/api`,
      });
    },
  },
  {
    name: "SPIFFE",
    caller: "billing",
    says: { sub: "spiffe://example.org/ns/prod/sa/billing" },
    work: async () => shell(await example("spiffe.sh")),
  },
];

describe.runIf(hasTools)("what a page shows", () => {
  it.each(EXAMPLES)("gets a token by a proof of $name", async ({ caller, says, off, work }) => {
    workload = says;
    called.length = 0;
    const ran = await work();
    expect(ran.code, ran.stderr).toBe(0);
    expect(called).toHaveLength(1);
    expect(await claimsOf(called[0]?.replace("Bearer ", ""))).toMatchObject({ sub: caller, aud: "my-api" });
    if (off === undefined) return;
    workload = { ...says, ...off };
    const refused = await work();
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("invalid_grant");
    expect(called).toHaveLength(1);
  });

  it("exchanges a user's token within its scope", async () => {
    const text = await example("exchange.sh");
    const audience = here("https://api.example");
    workload = { sub: "user-1", scope: "read write" };
    const ran = await shell(text, { USER_TOKEN: proofFor(issuer), CALLER_SECRET: secret });
    expect(ran.code, ran.stderr).toBe(0);
    const said = { sub: "login:user-1", aud: audience, scope: "read", client_id: "gateway" };
    expect(await claimsOf(ran.stdout.trim(), audience)).toMatchObject(said);
    workload = { sub: "user-1", scope: "write" };
    const refused = await shell(text, { USER_TOKEN: proofFor(issuer), CALLER_SECRET: secret });
    expect(refused.stderr).toContain("invalid_scope");
  });

  it("gets a token by a key of the caller's own", async () => {
    const ran = await run(process.execPath, [join(root, "examples/callers/private-key-jwt.mjs")]);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(await claimsOf(ran.stdout.trim())).toMatchObject({ sub: "batch", aud: "my-api" });
  });

  it("takes the caller's old key beside its new one, as the page says", async () => {
    const key = await example("key.sh");
    await run("sh", ["-c", key.replaceAll("batch", "new")]);
    const program = join(root, "examples/callers/private-key-jwt.mjs");
    const get = (file: string) => run(process.execPath, [program], { KEY_FILE: file });
    await signet(["callers", "trust", "batch", "--public-key", "new.pub.pem"], { cwd });
    await until("the new key", async () => (await get("new.pem")).code === 0);
    expect(await get("batch.pem")).toMatchObject({ code: 0 });
  });
});

it("A page's config is one that is loaded", async () => {
  const config = await loadConfig({ path: join(root, "examples/callers/signet.json"), cwd: root, env: {} });
  expect(Object.keys(config.callers)).toStrictEqual(["ci", "partner", "gateway"]);
});
