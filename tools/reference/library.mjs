import { posix } from "node:path";
import { parseSync } from "oxc-parser";
import { docstringExample } from "../docs.mjs";
import { code, table, WRITTEN } from "./pages.mjs";

/**
 * What a program imports from an entry of the package.
 *
 * @typedef {{ name: string, path: string, source: string, nodes: readonly any[], words: Words }} Export
 * @typedef {{ text: string, params: readonly string[], returns: readonly string[], throws: readonly string[] }} Words
 */

/** What a page says of an entry before its docstrings do. */
const PAGES = {
  ".": { page: "signet-jwt.md", more: "[In a program](../library.md#issuing) shows how they go together." },
  "./custody": { page: "custody.md", more: "[Keys](../keys.md) says who can hold them." },
  "./verify": { page: "verify.md", more: "[Verifying](../verifying.md) has what tokens of other issuers need." },
  "./verify/web": {
    page: "verify-web.md",
    more: "It is as strict as [`signet-jwt/verify`](verify.md), and its `verify` always answers a promise.",
  },
  "./client": { page: "client.md", more: "[Client](../client.md) says how a source renews, and what it does in outages." },
};

/**
 * docs/library/*.md: each entry of the package, by the docstrings of what it exports.
 *
 * @param {{ name: string, exports: Readonly<Record<string, string | { types?: string }>> }} manifest
 * @param {(path: string) => string} read a file of the repository
 * @returns {Readonly<Record<string, string>>} the pages by their paths
 */
export function libraryPages({ name, exports }, read) {
  const entries = Object.entries(exports).flatMap(([subpath, target]) =>
    typeof target === "string" || target.types === undefined
      ? []
      : [{ subpath, source: target.types.replace("./dist/types/", "src/").replace(/\.d\.ts$/, ".ts") }],
  );
  return Object.fromEntries(
    entries.map(({ subpath, source }) => {
      const { page, more } = PAGES[subpath];
      return [`docs/library/${page}`, pageOf(`${name}${subpath.slice(1)}`, more, source, read)];
    }),
  );
}

/** @param {string} specifier @param {string} more @param {string} entry @param {(path: string) => string} read */
function pageOf(specifier, more, entry, read) {
  const all = exportsOf(entry, read);
  const functions = all.filter(({ nodes }) => ["FunctionDeclaration", "TSDeclareFunction"].includes(nodes[0].type));
  const types = all.filter((each) => !functions.includes(each));
  const about = docstringBefore(read(entry), 0)?.text.replace(/\n\n@module$/, "") ?? "";
  return `# \`${specifier}\`

${WRITTEN}

${about} ${more}

${functions.map((each) => functionText(each)).join("\n\n")}

## Types and values

${types.map((each) => typeText(each)).join("\n\n")}
`;
}

/** @param {Export} exported */
function functionText({ name, path, source, nodes, words }) {
  const signatures = nodes.map((node) => signatureOf(source, node)).join("\n");
  const example = docstringExample(source, name);
  const facts = [
    ...words.params.map((each) => each.replace(/^(\S+) */, (_, parameter) => `${code(parameter)}: `)),
    ...words.returns.map((each) => `Returns ${each}`),
    ...words.throws.map((each) => `Throws ${each}`),
  ];
  return [
    `## ${code(name)}`,
    `\`\`\`text\n${signatures}\n\`\`\``,
    words.text,
    ...(facts.length === 0 ? [] : [facts.map((each) => `- ${each}`).join("\n")]),
    `<!-- from: ${path}#${name}() -->\n\`\`\`ts\n${example}\n\`\`\``,
  ].join("\n\n");
}

/** @param {Export} exported */
function typeText({ name, source, nodes: [node], words }) {
  const body = node.type === "TSInterfaceDeclaration" ? node.body.body : [];
  const named = body.filter(({ type }) => type === "TSPropertySignature" || type === "TSMethodSignature");
  const members = named.map((/** @type {any} */ member) => memberRow(source, member));
  return [
    `### ${code(name)}`,
    ...(words.text === "" ? [] : [words.text]),
    ...(members.length === 0 ? [] : [table(["member", "type", "means"], members)]),
  ].join("\n\n");
}

/** @param {string} source @param {any} member */
function memberRow(source, member) {
  const { key, optional, start, end } = member;
  const name = source.slice(key.start, key.end);
  // A method is shown as what stands behind its name, a property as its type.
  const { start: from, end: to } = member.typeAnnotation?.typeAnnotation ?? { start: key.end + (optional ? 1 : 0), end };
  const type = source.slice(from, to);
  const words = wordsOf(docstringBefore(source, start)?.text ?? "");
  const means = [words.text, ...words.returns.map((each) => `Returns ${each}`), ...words.throws.map((each) => `Throws ${each}`)];
  return [code(`${name}${optional ? "?" : ""}`), code(oneLine(type.replace(/;$/, ""))), oneLine(means.join(" "))];
}

/**
 * What a file exports, what it hands on included, in the order of the file.
 *
 * @param {string} path @param {(path: string) => string} read
 * @returns {readonly Export[]}
 */
function exportsOf(path, read) {
  const source = read(path);
  const { body } = /** @type {any} */ (parseSync(path, source).program);
  /** @type {Map<string, Export>} */
  const found = new Map();
  for (const node of body) {
    if (node.type !== "ExportNamedDeclaration") continue;
    const { declaration, specifiers, source: from } = node;
    for (const { id } of declaration === null ? [] : (declaration.declarations ?? [declaration])) {
      const before = found.get(id.name);
      const words = wordsOf(docstringBefore(source, node.start)?.text ?? "");
      if (before === undefined) found.set(id.name, { name: id.name, path, source, nodes: [declaration], words });
      // Of overloads the last one is how they are carried out: the first says what all of them do.
      else if (declaration.type === "TSDeclareFunction") found.set(id.name, { ...before, nodes: [...before.nodes, declaration] });
    }
    if (from === null) continue;
    const target = posix.join(posix.dirname(path), from.value).replace(/\.js$/, ".ts");
    const others = new Map(exportsOf(target, read).map((each) => [each.name, each]));
    for (const { exported } of specifiers) {
      const each = others.get(exported.name);
      if (each === undefined) throw new Error(`${target} has no export ${exported.name}`);
      found.set(exported.name, each);
    }
  }
  return [...found.values()];
}

/** The docstring that ends before a place, with nothing but white space between. @param {string} source @param {number} at */
function docstringBefore(source, at) {
  const before = at === 0 ? (/^\/\*\*[\s\S]*?\*\//.exec(source)?.[0] ?? "") : source.slice(0, at).trimEnd();
  const start = before.lastIndexOf("/**");
  if (!before.endsWith("*/") || start < 0) return undefined;
  const lines = before.slice(start + 3, -2).split("\n");
  return {
    text: lines
      .map((line) => line.replace(/^\s*\* ?/, ""))
      .join("\n")
      .trim(),
  };
}

/** What a docstring says, without its example. @param {string} docstring @returns {Words} */
function wordsOf(docstring) {
  const [text = "", ...tags] = docstring
    .replace(/@example\n```ts\n[\s\S]*?\n```\n?/, "")
    .split(/(?:^|\s)@(?=(?:param|returns|throws|internal)\b)/);
  const of = (/** @type {string} */ name) =>
    tags.filter((tag) => tag.startsWith(`${name} `)).map((tag) => oneLine(tag.slice(name.length + 1)));
  const joined = text.trim().replaceAll(/(?<!\n)\n(?!\n)/g, " ");
  return { text: joined, params: of("param"), returns: of("returns"), throws: of("throws") };
}

/** @param {string} source @param {any} node */
function signatureOf(source, { start, end, body }) {
  const text = source.slice(start, body?.start ?? end).replace(/^(?:async )?function /, "");
  return oneLine(text).replace(/;$/, "");
}

/** @param {string} text */
function oneLine(text) {
  return text.replaceAll(/\s+/g, " ").trim();
}
