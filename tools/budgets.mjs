/**
 * What may not grow unnoticed. The sizes are ratchets: they stand at what there is, and whoever needs more raises them and says why. Prints every figure with its limit; exit 1 when one is exceeded.
 * Budgets of speed are measured by the benchmarks: they need a quiet machine.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { packedPageBytes } from "./console-page.mjs";
import { packedBytes } from "./web-bundle.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const MEGABYTE = 1024 * 1024;
const KILOBYTE = 1024;
/** The verifier with discovery, minified by the bundler of who uses it, and packed by gzip. */
const EDGE_BYTES = 9_885;
/** The console's page: HTML, script and sheet, packed by gzip. */
const PAGE_BYTES = 61_440;

/**
 * What is in a file, or in a folder; what tools keep for themselves in node_modules, below names with a dot, is none of it.
 *
 * @param {string} path relative to the repository's root
 */
function sizeBytes(path) {
  const info = statSync(join(root, path));
  if (!info.isDirectory()) return info.size;
  return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !relative(root, entry.parentPath).startsWith(`node_modules${sep}.`))
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

const budgets = [
  { what: "modules after npm ci", path: "node_modules", limit: 250, unit: MEGABYTE, name: "MB" },
  { what: "the function that signs, minified", path: "dist/lambda/issuer.cjs", limit: 81.9, unit: KILOBYTE, name: "KB" },
  { what: "the key manager's function, minified", path: "dist/lambda/key-manager.cjs", limit: 182.8, unit: KILOBYTE, name: "KB" },
  { what: "the authorizer's function, minified", path: "dist/lambda/authorizer.cjs", limit: 41.9, unit: KILOBYTE, name: "KB" },
  { what: "the decoder's function, minified", path: "dist/lambda/decoder.cjs", limit: 37.3, unit: KILOBYTE, name: "KB" },
  { what: "the token function, minified", path: "dist/lambda/token.cjs", limit: 142.5, unit: KILOBYTE, name: "KB" },
  // CloudFormation takes 1 MB through S3, which cfn-lint counts as 1,000,000 bytes: 976.5 KB.
  { what: "the template, with functions that can be read", path: "dist/template.yaml", limit: 957.2, unit: KILOBYTE, name: "KB" },
  // CloudFormation takes 50 KB within a request.
  { what: "the authorizer's template", path: "dist/authorizer.yaml", limit: 49.2, unit: KILOBYTE, name: "KB" },
  { what: "what is built", path: "dist", limit: 3_659.5, unit: KILOBYTE, name: "KB" },
];

/** @param {string} what @param {number} size @param {number} limit @param {string} unit */
function hold(what, size, limit, unit) {
  const kept = size <= limit;
  process.stdout.write(`${kept ? "ok  " : "OVER"} ${what}: ${size.toFixed(0)} of ${limit} ${unit}\n`);
  if (!kept) process.exitCode = 1;
}

for (const { what, path, limit, unit, name } of budgets) {
  hold(what, existsSync(join(root, path)) ? sizeBytes(path) / unit : Number.NaN, limit, name);
}
const jose = await packedBytes("createRemoteJWKSet, jwtVerify", "jose", root);
const edge = await packedBytes("createVerifier", "./dist/verify/web.js", root);
hold(`what the edge carries of the verifier, packed (jose: ${jose})`, edge, EDGE_BYTES, "bytes");
hold("the console's page, packed", await packedPageBytes(join(root, "dist/console")), PAGE_BYTES, "bytes");
