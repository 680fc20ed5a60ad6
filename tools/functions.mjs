/**
 * The text of the Lambda functions, CommonJS with nothing beside it: minified, and as it can be read. Both come from the same sources, and
 * from nothing else: no path, time or machine, so that everybody who builds a tag gets the same bytes.
 */
import { basename } from "node:path";
import { build, transform } from "esbuild";
import { parseSync } from "oxc-parser";

const ENTRIES = {
  issuer: "src/lambda/issuer/entry.ts",
  "key-manager": "src/lambda/key-manager/entry.ts",
  authorizer: "src/lambda/authorizer/entry.ts",
  decoder: "src/lambda/decoder/entry.ts",
  token: "src/lambda/token/entry.ts",
};

/** The functions show nobody what a setting is for: with an empty `about` esbuild leaves its texts out where it minifies. */
const withoutTexts = {
  name: "settings without their texts",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/settings\/about\.ts$/ }, () => ({ contents: "export function about() {}" }));
  },
};

/** @type {{ platform: "node", target: string, legalComments: "none" }} */
const forNode = { platform: "node", target: "node20.19", legalComments: "none" };

async function bundled(root, minify) {
  const { outputFiles } = await build({
    ...forNode,
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outdir: "lambda",
    bundle: true,
    minify,
    format: "cjs",
    plugins: [withoutTexts],
    // A late import becomes a late require: Node need not start its loader of modules for it.
    supported: { "dynamic-import": false },
    logLevel: "error",
    write: false,
  });
  return outputFiles.map(({ path, text }) => /** @type {const} */ ([basename(path, ".js"), text]));
}

/**
 * @param {string} root the repository
 * @returns {Promise<Record<string, string>>} one line each, or nearly
 */
export async function minifiedFunctions(root) {
  // A second pass takes out what the first has made empty, such as the calls of `about`, and the list of exported names with it.
  const twice = (await bundled(root, true)).map(async ([name, text]) => {
    return [name, (await transform(text, { ...forNode, minify: true, footer: exportedNames(text) })).code];
  });
  return Object.fromEntries(await Promise.all(twice));
}

/**
 * @param {string} root the repository
 * @returns {Promise<Record<string, string>>} with names, line breaks and an indent of one space, below the name of each source file
 */
export async function readableFunctions(root) {
  const texts = (await bundled(root, false)).map(async ([name, text]) => {
    const readable = indentedByOne(withoutComments(text));
    const [before, after] = await Promise.all([text, readable].map((each) => transform(each, { ...forNode, minify: true })));
    if (before?.code !== after?.code) throw new Error(`dropping comments and indents of ${name} has changed what it does`);
    return [name, readable];
  });
  return Object.fromEntries(await Promise.all(texts));
}

/**
 * What is never run, and tells Node which names `import()` finds in CommonJS: Lambda's runtime client 4 looks for `then` of the issuer so.
 */
function exportedNames(text) {
  const [list] = /0&&\(module\.exports=\{[\w,]+\}\)/.exec(text) ?? [];
  if (list === undefined) throw new Error("esbuild has not listed what a function exports");
  return `${list};`;
}

/** Drops comments, of which esbuild keeps some, but for the headings that name a source file. */
function withoutComments(text) {
  const { comments, errors } = parseSync("function.cjs", text);
  if (errors.length > 0) throw new Error(`the text of a function cannot be read: ${errors[0]?.message}`);
  let kept = "";
  let end = 0;
  for (const comment of comments) {
    if (comment.type === "Line" && comment.value.startsWith(" src/")) continue;
    const before = text.slice(end, comment.start);
    // What stands at the end of a line goes with the spaces before it, and with the line where it was alone on it.
    const isLast = text[comment.end] === "\n";
    kept += isLast ? before.replace(/\n? *$/, "") : before;
    end = comment.end + (!isLast && text[comment.end] === " " ? 1 : 0);
  }
  return kept + text.slice(end);
}

/** One space a level instead of two: 17 KB of what CloudFormation takes. What a template literal has at the start of a line would be found. */
function indentedByOne(text) {
  return text.replace(/^(?: {2})+/gm, (indent) => indent.slice(indent.length / 2));
}
