/**
 * Measures verifying by issuers' URLs, and writes docs/benchmarks-verify.md.
 *
 *   node bench/verify.mjs          measures everything, some minutes for each Node that `npm run test:nodes` has installed
 *   node bench/verify.mjs --smoke  looks whether everything works, and writes nothing
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodesAtHand } from "../tools/installed.mjs";
import { readFlags } from "./flags.mjs";
import { installPeers } from "./peers.mjs";
import { verifyPage } from "./verify-page.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const here = fileURLToPath(new URL("./", import.meta.url));

const { smoke: isSmoke } = readFlags("bench:verify", "smoke");
const EFFORT = isSmoke
  ? { rounds: 2, sliceMs: 2, firsts: 2, issuers: 10, colds: 1 }
  : { rounds: 120, sliceMs: 10, firsts: 60, issuers: 1_000, colds: 21 };

function versionOf(name, folder) {
  return `${name} ${JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")).version}`;
}

const about = { startedAt: new Date(), cpu: cpus()[0].model.trim(), cores: cpus().length, load: loadavg()[0] };
// What is compared has to be there before it can be loaded.
installPeers();
execFileSync(process.execPath, [join(root, "tools/build.mjs"), "--if-stale"], { stdio: "inherit" });
const nodes = (isSmoke ? [process.execPath] : nodesAtHand()).map((path) =>
  JSON.parse(
    execFileSync(path, [join(here, "following.mjs"), JSON.stringify(EFFORT)], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
      stdio: ["ignore", "pipe", "inherit"],
    }),
  ),
);
if (isSmoke) process.stdout.write("every contestant follows an issuer's keys, and so does the authorizer\n");
else {
  const peers = ["aws-jwt-verify", "jsonwebtoken", "fast-jwt", "jwks-rsa"].map((name) => versionOf(name, here));
  const text = verifyPage({ about, effort: EFFORT, nodes, versions: [versionOf("jose", root), ...peers] });
  writeFileSync(join(root, "docs/benchmarks-verify.md"), text);
  process.stdout.write(text);
}
