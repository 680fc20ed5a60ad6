/**
 * What `npm start` does once the command is built: makes an issuer when there is none, serves it, gets a first token from it as
 * an application would, verifies that against the public keys at its URL, and goes on serving. What follows `--` goes to serve.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const signet = fileURLToPath(new URL("../bin/signet", import.meta.url));
const ISSUER = "http://localhost:7117";
const AUDIENCE = "my-api";
const serveArgs = process.argv.slice(2);

/** @param {string} line */
const say = (line) => process.stdout.write(`${line}\n`);

/** @param {string[]} args */
function run(args) {
  const { status } = spawnSync(process.execPath, [signet, ...args], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

/** Starts the server, and answers its URL once it says where it listens. */
function serve() {
  say(`+ ./bin/signet ${["serve", "--dev", ...serveArgs].join(" ")}`);
  // Its log is for who watches it.
  const log = process.stdout.isTTY ? "inherit" : "ignore";
  const server = spawn(process.execPath, [signet, "serve", "--dev", ...serveArgs], { stdio: ["inherit", log, "pipe"] });
  server.on("exit", (code) => process.exit(code ?? 1));
  process.on("SIGINT", () => server.kill("SIGINT"));
  process.on("SIGTERM", () => server.kill("SIGTERM"));
  return new Promise((resolve) => {
    let said = "";
    server.stderr.on("data", (text) => {
      process.stderr.write(text);
      said += text;
      const url = /^Signet serves (http\S+);/m.exec(said)?.[1];
      if (url !== undefined && said.includes("aws lambda invoke")) resolve(url);
    });
  });
}

/** @param {string} url */
async function firstToken(url) {
  const invoke = `${url}/2015-03-31/functions/signet/invocations`;
  say(`\n+ POST ${invoke}`);
  const body = JSON.stringify({ claims: { sub: "alice", aud: AUDIENCE }, ttl: 600 });
  const { token } = /** @type {{ token: string }} */ (await (await fetch(invoke, { method: "POST", body })).json());
  say(token);
  const scratch = mkdtempSync(join(tmpdir(), "signet-start-"));
  try {
    const jwks = join(scratch, "jwks.json");
    writeFileSync(jwks, await (await fetch(`${url}/.well-known/jwks.json`)).text());
    say(`\n+ ./bin/signet verify TOKEN --audience ${AUDIENCE}, by the keys of ${url}/.well-known/jwks.json`);
    run(["verify", token, "--issuer", ISSUER, "--audience", AUDIENCE, "--jwks", jwks]);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (!existsSync("signet.json")) {
  say(`+ ./bin/signet init --issuer ${ISSUER}`);
  run(["init", "--issuer", ISSUER]);
  say("");
}
await firstToken(await serve());
say("\nIt goes on serving. Next, in another shell:");
say("  ./bin/signet keys list");
say("  ./bin/signet callers add web     makes a caller, for POST /issue with its secret");
