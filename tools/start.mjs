/**
 * What `npm start` does once the command is built: makes an issuer when there is none, issues a first token, and verifies it
 * against the public keys that were just published. It only types what a person would type.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const signet = fileURLToPath(new URL("../bin/signet", import.meta.url));
const ISSUER = "http://localhost:7117";
const AUDIENCE = "my-api";

/** @param {string[]} args */
function run(args, { quiet = false } = {}) {
  const { status, stdout } = spawnSync(process.execPath, [signet, ...args], {
    encoding: "utf8",
    stdio: ["inherit", "pipe", "inherit"],
  });
  if (status !== 0) process.exit(status ?? 1);
  if (!quiet) process.stdout.write(stdout);
  return stdout.trim();
}

/** @param {string} line */
const say = (line) => process.stdout.write(`${line}\n`);

if (!existsSync("signet.json")) {
  say(`+ ./bin/signet init --issuer ${ISSUER}`);
  run(["init", "--issuer", ISSUER]);
  say("");
}
say(`+ ./bin/signet issue sub=alice aud=${AUDIENCE} --ttl 10m`);
const token = run(["issue", "sub=alice", `aud=${AUDIENCE}`, "--ttl", "10m"]);
say("");
say(`+ ./bin/signet verify TOKEN --audience ${AUDIENCE}`);
run(["verify", token, "--audience", AUDIENCE]);
say("");
say("Next:");
say("  ./bin/signet issue sub=bob aud=my-api role=admin --iat --jti");
say("  ./bin/signet inspect TOKEN");
say("  ./bin/signet jwks");
say("  ./bin/signet keys list");
