/**
 * The pages that are written from the source: docs/configuration.md and docs/errors.md.
 *
 *   node tools/reference.mjs          says which are stale, exit 1
 *   node tools/reference.mjs --write  writes them
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { configurationPage, errorsPage } from "./reference/pages.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));

/** What the pages are made of: modules of TypeScript, as one text that Node runs. */
async function described() {
  const { outputFiles } = await build({
    stdin: {
      contents: 'export * from "./src/config/schema.js"; export * from "./src/errors.js";',
      resolveDir: root,
    },
    bundle: true,
    platform: "node",
    format: "esm",
    write: false,
    logLevel: "error",
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);
}

const { CONFIG_MEMBERS, statusOf } = await described();
const pages = { "docs/configuration.md": configurationPage(CONFIG_MEMBERS), "docs/errors.md": errorsPage(statusOf) };
for (const [page, text] of Object.entries(pages)) {
  if (process.argv.includes("--write")) writeFileSync(join(root, page), text);
  else if (readFileSync(join(root, page), "utf8") !== text) {
    process.stderr.write(`${page} is stale: npm run docs\n`);
    process.exitCode = 1;
  }
}
