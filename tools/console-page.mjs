/** The console's page: how it is built, and how large it is where it arrives. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { sourceModule } from "./source-module.mjs";

/** In the order in which rules overrule. */
const SHEETS = ["page", "panels", "timeline", "controls", "lists"];
const FILES = ["index.html", "page.js", "page.css"];

/**
 * Writes index.html, page.js and page.css: one script and one sheet, so that the page asks for nothing else.
 *
 * @param {string} root the repository's
 * @param {string} folder where they go
 */
export async function buildConsolePage(root, folder) {
  const source = join(root, "src/console/page");
  const { themeCss, timelineCss } = await sourceModule("src/look/theme.ts", "src/look/looks.ts");
  const sheets = await Promise.all(SHEETS.map((name) => readFile(join(source, `${name}.css`), "utf8")));
  const sheet = [themeCss(), timelineCss(), ...sheets].join("\n");
  /** @type {import("esbuild").BuildOptions} */
  const forBrowsers = {
    absWorkingDir: root,
    bundle: true,
    minify: true,
    legalComments: "none",
    logLevel: "error",
    target: "es2022",
  };
  await mkdir(folder, { recursive: true });
  await Promise.all([
    build({
      ...forBrowsers,
      entryPoints: { page: "src/console/page/main.tsx" },
      outdir: folder,
      format: "esm",
      platform: "browser",
      jsx: "automatic",
      jsxImportSource: "preact",
    }),
    build({ ...forBrowsers, stdin: { contents: sheet, loader: "css", resolveDir: source }, outfile: join(folder, "page.css") }),
    readFile(join(source, "index.html")).then((text) => writeFile(join(folder, "index.html"), text)),
  ]);
}

/** What a browser loads in all, packed. @param {string} folder */
export async function packedPageBytes(folder) {
  const sizes = FILES.map(async (name) => gzipSync(await readFile(join(folder, name)), { level: 9 }).length);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
