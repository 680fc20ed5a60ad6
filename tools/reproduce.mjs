/**
 * Builds the package and the templates a second time, in another folder, at another end of the world, by every Node at hand, and compares them
 * byte by byte with what is built here: what npm gets of a tag is what everybody gets who builds that tag.
 *
 *   node tools/reproduce.mjs [FILE...]          from a clone of what is committed, with modules of its own, of which no script runs
 *   node tools/reproduce.mjs --short [FILE...]  from a copy of the files that are here, with the modules that are here
 *
 * Each FILE of a release (signet-jwt-VERSION.tgz, signet-VERSION.yaml, signet-authorizer-VERSION.yaml) is compared as well. Build first.
 * Archives are compared unpacked: another Node may have another zlib, which packs the same bytes in another way.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { nodesAtHand } from "./installed.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const run = promisify(execFile);
const ELSEWHERE = { ...process.env, TZ: "Pacific/Auckland", LC_ALL: "C" };
const MOST = { maxBuffer: 1 << 26 };

const digestOf = (/** @type {Uint8Array} */ bytes) => createHash("sha256").update(bytes).digest("hex");

/** What is published, by what it is called: the bytes that decide. @param {string} folder a built repository @param {string} into */
async function publishedBy(folder, into) {
  mkdirSync(into, { recursive: true });
  const packing = ["pack", "--ignore-scripts", "--json", "--pack-destination", into];
  const { stdout } = await run("npm", packing, { cwd: folder, ...MOST });
  const [{ filename }] = JSON.parse(stdout);
  return {
    tarball: gunzipSync(readFileSync(join(into, filename))),
    template: readFileSync(join(folder, "dist/template.yaml")),
    authorizer: readFileSync(join(folder, "dist/authorizer.yaml")),
  };
}

/** Which of these a file of a release is. @param {string} file */
function kindOf(file) {
  const name = basename(file);
  if (/^signet-jwt-\d[\w.-]*\.tgz$/.test(name)) return "tarball";
  if (/^signet-authorizer-\d[\w.-]*\.yaml$/.test(name)) return "authorizer";
  if (/^signet-\d[\w.-]*\.yaml$/.test(name)) return "template";
  const all = "signet-jwt-VERSION.tgz, signet-VERSION.yaml, signet-authorizer-VERSION.yaml";
  throw new Error(`${name} is none of what a release has of this package: ${all}`);
}

/** A clone of what is committed, with modules that are installed for it alone. @param {string} folder */
async function cloned(folder) {
  const { stdout } = await run("git", ["status", "--porcelain", "--untracked-files=no"], { cwd: root });
  if (stdout !== "") throw new Error("there are changes that are not committed: commit them, or take --short");
  await run("git", ["clone", "--quiet", "--no-hardlinks", root, folder], MOST);
  await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder, ...MOST });
}

/** A copy of the files that are here, with the modules that are here. @param {string} folder */
async function copied(folder) {
  const { stdout } = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, ...MOST });
  for (const path of stdout.split("\0").filter((each) => each !== "" && existsSync(join(root, each)))) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    copyFileSync(join(root, path), join(folder, path));
  }
  await run("cp", ["-a", join(root, "node_modules"), join(folder, "node_modules")]);
}

/** @param {string} folder @param {boolean} isShort @param {readonly string[]} files */
async function reproduce(folder, isShort, files) {
  // The names of chunks tell where the modules are, as seen from the source.
  if (lstatSync(join(root, "node_modules")).isSymbolicLink())
    throw new Error("node_modules is a link to another folder: npm ci makes one here");
  const here = await publishedBy(root, join(folder, "here"));
  const again = join(folder, "again");
  await (isShort ? copied(again) : cloned(again));
  const released = files.map((file) => {
    const kind = kindOf(file);
    const bytes = readFileSync(resolve(file));
    return { what: file, kind, bytes: kind === "tarball" ? gunzipSync(bytes) : bytes };
  });
  const built = Object.entries(here).map(([kind, bytes]) => ({ what: `the ${kind} of this folder`, kind, bytes }));
  for (const node of nodesAtHand()) {
    await run(node, ["tools/build.mjs"], { cwd: again, env: ELSEWHERE, ...MOST });
    const there = await publishedBy(again, join(folder, "there"));
    for (const { what, kind, bytes } of [...built, ...released]) {
      const isSame = bytes.equals(there[kind]);
      const otherwise = isSame ? "" : `, and ${digestOf(there[kind])} when it is built again`;
      console.log(`${isSame ? "ok  " : "FAIL"} ${what}: SHA-256 ${digestOf(bytes)}${otherwise} by ${node}`);
      if (!isSame) process.exitCode = 1;
    }
  }
}

const isShort = process.argv.includes("--short");
const files = process.argv.slice(2).filter((each) => each !== "--short");
const folder = mkdtempSync(join(tmpdir(), "signet-reproduce-"));
try {
  await reproduce(folder, isShort, files);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
