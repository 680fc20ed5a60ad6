/**
 * The pages that are written from the source: docs/configuration.md, docs/errors.md, docs/trust-presets.md,
 * docs/relying-parties.md, docs/http-api.md and docs/library/.
 *
 *   node tools/reference.mjs          says which are stale, exit 1
 *   node tools/reference.mjs --write  writes them
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readFromRoot } from "./docs.mjs";
import { httpApiPage } from "./reference/http-api.mjs";
import { libraryPages } from "./reference/library.mjs";
import { configurationPage, errorsPage, presetsPage } from "./reference/pages.mjs";
import { partiesPage } from "./reference/parties.mjs";
import { sourceModule } from "./source-module.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));

const sources = [
  ...["src/config/schema.js", "src/errors.js", "src/settings/trusts.js", "src/trust/presets.js"],
  ...["src/relying-parties/index.js", "src/relying-parties/words.js", "src/relying-parties/set-up-words.js"],
  "src/http/openapi.js",
];
const {
  CONFIG_MEMBERS,
  statusOf,
  PRESET_NAMES,
  describePreset,
  SHARED_BEGINNINGS,
  RELYING_PARTIES,
  rulesInWords,
  setUpInWords,
  openApiDocument,
} = await sourceModule(...sources);
const pages = {
  "docs/configuration.md": configurationPage(CONFIG_MEMBERS),
  "docs/errors.md": errorsPage(statusOf),
  "docs/trust-presets.md": presetsPage(PRESET_NAMES, describePreset, SHARED_BEGINNINGS),
  "docs/relying-parties.md": partiesPage(RELYING_PARTIES, rulesInWords, setUpInWords),
  "docs/http-api.md": httpApiPage(openApiDocument("")),
  ...libraryPages(JSON.parse(readFromRoot("package.json")), readFromRoot),
};
for (const [page, text] of Object.entries(pages)) {
  if (process.argv.includes("--write")) {
    mkdirSync(dirname(join(root, page)), { recursive: true });
    writeFileSync(join(root, page), text);
  } else if (!existsSync(join(root, page)) || readFromRoot(page) !== text) {
    process.stderr.write(`${page} is stale: npm run docs\n`);
    process.exitCode = 1;
  }
}
