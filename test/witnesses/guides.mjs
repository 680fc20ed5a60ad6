/**
 * Runs the programs of docs/guides/ as a reader would, against `signet serve --dev`. What each obtains it must find good, and
 * what it may not have it must not get.
 */
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { putCommands } from "../../tools/installed-command.mjs";
import { freePort } from "../../tools/processes.mjs";
import { addCaller, withServed } from "./served.mjs";
import { buildGo, commandOf, nodes, pythonCommands } from "./toolchains.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const guides = join(root, "examples/guides");
// Below the witnesses' libraries, where Node finds them.
const copies = fileURLToPath(new URL("./.cache/guides/", import.meta.url));
const goPrograms = join(copies, "go/");

/** @param {string} toolchain @param {string} program */
const ofToolchain = (toolchain, program) => commandOf({ toolchain, program, node: nodes()[0] });
/** @param {string} word */
const capitalized = (word) => `${word[0].toUpperCase()}${word.slice(1)}`;

const GUIDES = [
  {
    name: "curl",
    toolchain: "python",
    asks: ["issue", "oauth", "invoke"],
    command: (program) => ["sh", join(guides, `curl/${program}.sh`)],
  },
  {
    name: "Node",
    toolchain: "node",
    asks: ["issue", "source", "invoke"],
    command: (program) => ofToolchain("node", join(copies, `node/${program}.mjs`)),
  },
  { name: "Python", toolchain: "python", command: (program) => ofToolchain("python", join(guides, `python/${program}.py`)) },
  { name: "Go", toolchain: "go", command: (program) => [join(goPrograms, program)] },
  {
    name: "Java",
    toolchain: "java",
    command: (program) => ofToolchain("java", join(guides, `java/${capitalized(program)}.java`)),
  },
];

/** The programs that ask for a token: whom it is for, and what they say when it is refused. */
const ASKS = {
  issue: { subject: "alice", refusal: /audience_not_allowed/ },
  oauth: { subject: "web", refusal: /invalid_client/ },
  invoke: { subject: "alice", refusal: /audience_not_allowed/ },
  source: { subject: "alice", refusal: /audience_not_allowed/ },
};

/**
 * @param {ReadonlySet<string>} usable the toolchains that are there
 * @returns {Promise<{ passed: number, failures: string[], skipped: string[] }>}
 */
export async function followGuides(usable) {
  const missing = ["curl", "jq"].filter((tool) => spawnSync(tool, ["--version"]).error !== undefined);
  const isUsable = ({ name, toolchain }) => usable.has(toolchain) && (name !== "curl" || missing.length === 0);
  mkdirSync(goPrograms, { recursive: true });
  cpSync(join(guides, "node"), join(copies, "node"), { recursive: true });
  mkdirSync(join(copies, "node_modules"), { recursive: true });
  if (!existsSync(join(copies, "node_modules/signet-jwt"))) symlinkSync(root, join(copies, "node_modules/signet-jwt"));
  if (usable.has("go")) await buildGo({ folder: join(guides, "go"), packages: "./...", output: goPrograms });
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  let otherSecret = "";
  let npx = "";
  const caller = (cwd) => {
    otherSecret = addCaller(cwd, "other", { allowedAudiences: ["elsewhere"] });
    npx = putCommands(cwd);
    return callerOfGuide(cwd, npx);
  };
  const results = await withServed(
    ["--dev"],
    async ({ secret, cwd }) => {
      const PATH = `${npx}:${pythonCommands}:${process.env.PATH}`;
      const environment = { ...environmentOf(issuer), PATH, HOME: cwd, CALLER_SECRET: secret };
      const bad = await badTokens(issuer, secret);
      const reader = { cwd, environment, otherSecret, bad };
      return Promise.all(GUIDES.filter(isUsable).map((guide) => follow(guide, reader)));
    },
    { issuer, port, caller },
  );
  const left = Object.keys(environmentOf(issuer, "laptop-end.sh")).filter((name) => name.startsWith("AWS_"));
  results.push(judged("the end of the guides leaves no variable of AWS", left));
  results.push(judged("the libraries that the guide for Java names are those that it is run with", strangersInJavaGuide()));
  return {
    passed: results.reduce((sum, { passed }) => sum + passed, 0),
    failures: results.flatMap(({ failures }) => failures),
    skipped: missing.map((tool) => `the guide for curl: ${tool} not found`),
  };
}

/** @param {string} what @param {string[]} faults what it should not be */
function judged(what, faults) {
  return { passed: faults.length === 0 ? 1 : 0, failures: faults.map((fault) => `${what}: ${fault}`) };
}

function strangersInJavaGuide() {
  const [shown, used] = [join(guides, "java/pom.xml"), join(root, "test/witnesses/java/pom.xml")].map((path) =>
    [...readFileSync(path, "utf8").matchAll(/<artifactId>([^<]+)<\/artifactId>\s*<version>([^<]+)</g)].map(
      ([, name, version]) => `${name} ${version}`,
    ),
  );
  return shown.filter((each) => !used.includes(each) && !each.startsWith("tokens "));
}

/** Makes the caller with the very lines that the guides show. @param {string} cwd @param {string} npx where it is */
function callerOfGuide(cwd, npx) {
  return execFileSync("sh", ["-euc", '. "$1"; printf %s "$CALLER_SECRET"', "sh", join(guides, "caller.sh")], {
    cwd,
    env: { ...process.env, PATH: `${npx}:${process.env.PATH}` },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/**
 * The environment that the guides' lines make, with nothing of this shell's but where programs are.
 *
 * @param {string} issuer
 * @param {string} then what is typed after them
 */
function environmentOf(issuer, then = "laptop.sh") {
  const files = ["laptop.sh", then].map((name) => join(guides, name));
  const lines = execFileSync("sh", ["-euc", '. "$1"; . "$2"; env', "sh", ...files], {
    env: { PATH: process.env.PATH, ISSUER_URL: issuer },
    encoding: "utf8",
  });
  return Object.fromEntries(
    lines
      .trim()
      .split("\n")
      .map((line) => line.split(/=(.*)/s, 2)),
  );
}

/** Tokens that no verifier with the guide's settings may accept. @param {string} issuer @param {string} secret */
async function badTokens(issuer, secret) {
  const issued = async (aud) => {
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    const body = JSON.stringify({ claims: { sub: "alice", aud }, ttl: 600 });
    const answer = await fetch(`${issuer}/issue`, { method: "POST", headers, body });
    return /** @type {{ token: string }} */ (await answer.json()).token;
  };
  const [header, , signature] = (await issued("my-api")).split(".");
  const claims = { sub: "alice", aud: "my-api", iss: issuer, exp: Math.floor(Date.now() / 1000) + 900 };
  const altered = Buffer.from(JSON.stringify(claims)).toString("base64url");
  return { "for another audience": await issued("elsewhere"), altered: `${header}.${altered}.${signature}` };
}

async function follow({ name, asks = ["issue", "invoke"], command }, { cwd, environment, otherSecret, bad }) {
  const failures = [];
  let passed = 0;
  const check = (what, isRight, { stderr }) => {
    if (isRight) passed += 1;
    else failures.push(`guide for ${name}: ${what}: ${stderr.trim().slice(-500)}`);
  };
  const run = (program, args = [], more = {}) => ran(command(program), args, { cwd, env: { ...environment, ...more } });
  for (const ask of asks) {
    const { subject, refusal } = ASKS[ask];
    const token = await run(ask);
    const found = await run("verify", [token.stdout.trim()]);
    check(
      `${ask} gets a token that verify accepts`,
      found.status === 0 && found.stdout.includes(subject),
      token.status === 0 ? found : token,
    );
    const refused = await run(ask, [], { CALLER_SECRET: otherSecret, ISSUER_FUNCTION: "signet:other" });
    check(`${ask} says why it is refused`, refused.status !== 0 && refusal.test(refused.stderr), refused);
  }
  const unknown = await run("invoke", [], { ISSUER_FUNCTION: "signet:nobody" });
  check("invoke says that there is no such alias", unknown.status !== 0 && /Function not found/.test(unknown.stderr), unknown);
  for (const [what, token] of Object.entries(bad)) {
    const refused = await run("verify", [token]);
    check(`verify refuses a token ${what}`, refused.status !== 0 && !refused.stdout.includes("alice"), refused);
  }
  process.stdout.write(`guide for ${name}: ${passed} of ${passed + failures.length} as it says\n`);
  return { passed, failures };
}

/** @returns {Promise<{ status: number, stdout: string, stderr: string }>} */
function ran([command, ...words], args, options) {
  return new Promise((resolve) => {
    execFile(command, [...words, ...args], { ...options, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : 1, stdout: String(stdout), stderr: String(stderr) || String(error ?? "") });
    });
  });
}
