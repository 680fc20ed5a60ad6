/**
 * Proves the console's page in a real browser: every path of it, by keys alone too, of a folder and of a stack on a strict fake of AWS; what axe
 * says of it by WCAG 2.2 AA, light and dark, from 320 pixels to 4k; and what pages of others get from it. Build first; needs chromium (CHROMIUM names another one). Without one it says so, which
 * in CI is a failure.
 *
 *   node tools/prove-console.mjs [--short] [--pictures FOLDER]
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { check, tellChecked } from "./checks.mjs";
import { nodeTools } from "./installed.mjs";

const folder = fileURLToPath(new URL("console/", import.meta.url));
const options = /** @type {const} */ ({ pictures: { type: "string" }, short: { type: "boolean", default: false } });
const { values } = parseArgs({ options });

// What runs in a browser has the browser's types: it is no part of what the tools are checked as.
const { chromiumPath } = await import(new URL("console/browser.mjs", import.meta.url).href);
if (chromiumPath() === undefined) {
  console.log(
    "skipped: the console's page was looked at in no browser, since there is no chromium: install it, or name one in CHROMIUM",
  );
  process.exit(process.env.CI ? 1 : 0);
}
await nodeTools(folder);
const { walk } = await import(new URL("console/walk.mjs", import.meta.url).href);
await walk((isRight, what, seen) => check(what, isRight, seen), { folder: values.pictures, isShort: values.short });

tellChecked();
