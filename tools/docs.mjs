/**
 * Holds the code blocks of the Markdown pages against the files they come from, which CI runs or type-checks.
 *
 *   <!-- from: examples/issue.ts#first-token -->
 *   ```ts
 *
 *   node tools/docs.mjs          says which blocks differ, exit 1
 *   node tools/docs.mjs --write  copies the files' text into the pages
 *
 * `#name` takes the lines between `// #region name` and `// #endregion name` (`#` or `--` in place of `//` elsewhere). A block
 * without a marker must be `text`, which claims to be nothing, or a `console` that shows no more than npm scripts that exist.
 * `#name()` takes the example in the docstring of the function `name`.
 * README's first block needs none, as CI runs its lines.
 */
import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/** What CI runs or type-checks. */
const TRUSTED = /^(examples|src|test|tools|bench|cdk)\/|^docs\/transcripts\/|^(package|tsconfig)\.json$|^\.ci\/run$/;
const FENCE = /^(?<indent> *)(?<ticks>`{3,})(?<language>[\w-]*).*$/;
const NPM_COMMAND = /^\$ npm (?<command>ci|(run )?(?<script>[\w:]+))( +#.*)?$/;
const MARKER = /^ *<!-- from: (?<path>[^\s#]+)(#(?<region>[\w-]+(\(\))?))? -->$/;

/** @typedef {{ line: number, end: number, language: string, indent: string, text: string, from?: { path: string, region?: string } }} Block */

/**
 * @param {string} markdown
 * @returns {Block[]}
 */
export function codeBlocks(markdown) {
  const lines = markdown.split("\n");
  const blocks = [];
  for (let at = 0; at < lines.length; at++) {
    const fence = FENCE.exec(lines[at])?.groups;
    if (!fence) continue;
    const end = lines.findIndex((line, index) => index > at && line.trim() === fence.ticks);
    if (end < 0) throw new Error(`line ${at + 1}: the code block never ends`);
    const marker = MARKER.exec(lines[at - 1] ?? "")?.groups;
    const text = lines.slice(at + 1, end).map((line) => (line.startsWith(fence.indent) ? line.slice(fence.indent.length) : line));
    blocks.push({
      line: at + 1,
      end: end + 1,
      language: fence.language,
      indent: fence.indent,
      text: text.join("\n"),
      ...(marker && { from: { path: marker.path, region: marker.region } }),
    });
    at = end;
  }
  return blocks;
}

/**
 * @param {string} source
 * @param {string} name
 */
export function regionOf(source, name) {
  const lines = source.split("\n");
  const start = lines.findIndex((line) => new RegExp(`^\\s*(//|#|--) ?#region ${name}$`).test(line));
  const end = lines.findIndex((line) => new RegExp(`^\\s*(//|#|--) ?#endregion ${name}$`).test(line));
  if (start < 0 || end < start) throw new Error(`has no region ${name}`);
  const body = lines.slice(start + 1, end).filter((line) => !/^\s*(\/\/|#|--) ?#(end)?region /.test(line));
  const indent = Math.min(...body.filter((line) => line.trim() !== "").map((line) => line.length - line.trimStart().length));
  const text = body.map((line) => line.slice(indent)).join("\n");
  return text.replace(/^\n+/, "");
}

/**
 * The example in the docstring of a function, of overloads in the first one's. The tests of the package compile and run it.
 *
 * @param {string} source
 * @param {string} name
 */
export function docstringExample(source, name) {
  const declared =
    new RegExp(`(/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/)\\nexport (?:async )?function ${name}\\b`).exec(source)?.[1] ?? "";
  const text = declared
    .split("\n")
    .map((line) => line.replace(/^ \* ?/, ""))
    .join("\n");
  const example = /^```ts\n([\s\S]*?)\n```$/m.exec(text)?.[1];
  if (example === undefined) throw new Error(`has no docstring of ${name} with an example`);
  return example;
}

/**
 * @param {NonNullable<Block["from"]>} from
 * @param {(path: string) => string} read
 */
function expectedText({ path, region }, read) {
  const source = read(path);
  if (region === undefined) return source.replace(/\n$/, "");
  return region.endsWith("()") ? docstringExample(source, region.slice(0, -2)) : regionOf(source, region);
}

/**
 * @param {Block} block
 * @param {(path: string) => string} read
 */
function isNpmSession({ language, text }, read) {
  if (language !== "console") return false;
  const { scripts } = JSON.parse(read("package.json"));
  return text.split("\n").every((line) => {
    const shown = NPM_COMMAND.exec(line)?.groups;
    return shown !== undefined && (shown.command === "ci" || shown.script in scripts);
  });
}

/**
 * @param {Block} block
 * @param {{ isQuickStart: boolean, read: (path: string) => string }} context
 * @returns {string | undefined}
 */
function blockFault(block, { isQuickStart, read }) {
  if (!block.from) {
    if (isQuickStart || block.language === "text" || isNpmSession(block, read)) return undefined;
    return "comes from no file: put `<!-- from: path#region -->` above it, or call it text";
  }
  if (!TRUSTED.test(block.from.path)) return `comes from ${block.from.path}, which CI neither runs nor type-checks`;
  try {
    return expectedText(block.from, read) === block.text ? undefined : `differs from ${block.from.path}: npm run docs`;
  } catch (error) {
    return `cannot come from ${block.from.path}: ${/** @type {Error} */ (error).message}`;
  }
}

/**
 * @param {string} page
 * @param {string} markdown
 * @param {(path: string) => string} read
 */
export function pageFaults(page, markdown, read) {
  return codeBlocks(markdown).flatMap((block, index) => {
    const fault = blockFault(block, { isQuickStart: page === "README.md" && index === 0, read });
    return fault === undefined ? [] : [`${page}:${block.line} ${fault}`];
  });
}

/**
 * The page with every block replaced by what its file says now.
 *
 * @param {string} markdown
 * @param {(path: string) => string} read
 */
export function refreshed(markdown, read) {
  const lines = markdown.split("\n");
  for (const { from, line, end, indent } of codeBlocks(markdown).reverse()) {
    if (!from) continue;
    const text = expectedText(from, read).split("\n");
    lines.splice(line, end - line - 1, ...text.map((each) => (each === "" ? "" : indent + each)));
  }
  return lines.join("\n");
}

/**
 * The lines of README's first code block, without remarks and without the one that clones: CI runs them in a clone of its own.
 *
 * @param {string} readme
 */
export function quickStart(readme) {
  const lines = (codeBlocks(readme)[0]?.text ?? "").split("\n").map((line) => line.replace(/\s+#\s.*$/, ""));
  return lines.filter((line) => line.trim() !== "" && !/^(git clone|cd) /.test(line));
}

/** @param {string} path */
export function readFromRoot(path) {
  return readFileSync(join(root, path), "utf8");
}

async function main() {
  const { execFileSync } = await import("node:child_process");
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
    cwd: root,
    encoding: "utf8",
  });
  let failed = false;
  for (const page of new Set(listed.split("\n").filter(Boolean))) {
    if (process.argv.includes("--write")) {
      const before = readFromRoot(page);
      const after = refreshed(before, readFromRoot);
      if (after !== before) writeFileSync(join(root, page), after);
    }
    for (const fault of pageFaults(page, readFromRoot(page), readFromRoot)) {
      failed = true;
      process.stderr.write(`${fault}\n`);
    }
  }
  if (failed) process.exitCode = 1;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
