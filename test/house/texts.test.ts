import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Node, parseSync } from "oxc-parser";
import { expect, it } from "vitest";
import { repositoryFiles, textOf } from "./repository.js";

/*
 * 1. `String(x)` and `${x}` call a member of whatever x is, and throw where that is no function: `{"toString": false}` is JSON. Types know
 * what a value can be, but take anything for a text there.
 * 2. `object[name]`, `name in object` and `{[name]: x}` find or set what every object inherits where the name is `constructor` or
 * `__proto__`. A name that may be any text is looked up by `ownMember`, or stands in a Map.
 *
 * So each such place is wrapped in a call that takes texts, numbers and the like alone, or names of a closed set, and the compiler looks
 * at the copy.
 */
const root = fileURLToPath(new URL("../../", import.meta.url));
const CHECK = `declare function __text<T extends string | number | bigint | boolean | undefined | null | URL>(value: T): T;
declare function __key<K extends PropertyKey>(key: K, ...anyText: string extends K ? [never] : []): K;
`;

/** What makes texts of what is its own, and no stranger's: lines of this log, headers that Node has read. */
const OWN = ["src/server/log.ts", "src/doctor/visit.ts", "src/verify/listed-hosts.ts"];

/** What looks members up by names that may be any text, and why it may. */
const LOOKS_UP: Readonly<Record<string, string>> = {
  "src/encoding/own-member.ts": "it has asked whether the object has the member itself",
  "src/encoding/json-by-hand.ts": "it defines __proto__, and only ever sets others",
  "src/encoding/object-schema.ts": "its names come from the object itself, or from a schema; its copy has no prototype",
  "src/encoding/options.ts": "the name is one of the options that there are",
  "src/issue/claims-json.ts": "the name is one of Object.keys of the same object",
};

/** Source with each place wrapped where a value becomes a text. */
function wrapped(path: string, source: string): string {
  const at: [number, string][] = [];
  const wrap = ({ start, end }: Node, check = "__text") => void at.push([start, `${check}(`], [end, ")"]);
  const visit = (node: unknown, parent?: Node): void => {
    if (Array.isArray(node)) for (const each of node) visit(each, parent);
    if (typeof node !== "object" || node === null || !("type" in node)) return;
    const each = node as Node;
    if (each.type === "TSTemplateLiteralType" || parent?.type === "TSLiteralType") return;
    if (each.type === "TemplateLiteral") for (const part of each.expressions) wrap(part);
    if (each.type === "CallExpression" && each.callee.type === "Identifier" && each.callee.name === "String")
      for (const argument of each.arguments) wrap(argument);
    const key = keyOf(each);
    if (key !== undefined && key.type !== "Literal") wrap(key, "__key");
    for (const member of Object.values(each)) visit(member, each);
  };
  visit(parseSync(path, source).program);
  return at.sort(([a], [b]) => b - a).reduce((text, [place, more]) => text.slice(0, place) + more + text.slice(place), source);
}

/** What names a member, where that is computed. */
function keyOf(node: Node): Node | undefined {
  if (node.type === "MemberExpression" && node.computed) return node.property;
  if (node.type === "Property" && node.computed) return node.key;
  return node.type === "BinaryExpression" && node.operator === "in" && node.left.type !== "PrivateIdentifier"
    ? node.left
    : undefined;
}

/** A place that the compiler refuses, and what to write there. */
interface Fault {
  readonly path: string;
  readonly words: string;
}

const REMEDIES = {
  text: "a value that may be anything becomes a text: check that it is a string or a number first, or leave it out",
  key: "a member is named by any text: `ownMember(object, name)` finds one, a Map or `Object.fromEntries` makes one",
};

// A copy has the lines of its source.
function faultIn(told: string, copies: ReadonlyMap<string, string>): Fault[] {
  const [, path = "", line = "", column = ""] = /(?:^|\/)(src\/[^(]+)\((\d+),(\d+)\): error TS\d+:/.exec(told) ?? [];
  if (path === "") return [];
  const before =
    copies
      .get(path)
      ?.split("\n")
      [Number(line) - 1]?.slice(0, Number(column) + "__key(".length) ?? "";
  const remedy = before.lastIndexOf("__key(") > before.lastIndexOf("__text(") ? REMEDIES.key : REMEDIES.text;
  return [{ path, words: `${path}:${line}: ${remedy}` }];
}

async function faultsOf(files: Readonly<Record<string, string>>): Promise<Fault[]> {
  const directory = await mkdtemp(join(root, "node_modules/.texts-"));
  try {
    const copies = new Map(Object.entries(files).map(([path, source]) => [path, wrapped(path, source)]));
    for (const [path, source] of [...copies, ["src/text.d.ts", CHECK] as const]) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), source);
    }
    await symlink(join(root, "package.json"), join(directory, "package.json"));
    await writeFile(
      join(directory, "tsconfig.json"),
      JSON.stringify({ extends: join(root, "tsconfig.json"), include: ["src"], exclude: [] }),
    );
    const told = await new Promise<string>((resolve) => {
      execFile(
        join(root, "node_modules/.bin/tsc"),
        ["--noEmit", "-p", directory],
        { cwd: directory, maxBuffer: 1e8 },
        (_error, stdout) => resolve(stdout),
      );
    });
    return told.split("\n").flatMap((line) => faultIn(line, copies));
  } finally {
    await rm(directory, { recursive: true });
  }
}

it("no value that may be anything becomes a text or names a member", async () => {
  const files = Object.fromEntries(repositoryFiles("src/*.ts").map((path) => [path, textOf(path)]));
  // Of each kind one, which must be seen: else the compiler has looked at nothing.
  const planted = {
    "src/planted-template.ts": `export const a = (x: unknown) => \`\${x}\`;\n`,
    "src/planted-string.ts": 'export const a = (x: Readonly<Record<string, unknown>>) => String(x.kty ?? "");\n',
    "src/planted-member.ts": `export const a = ({ sub }: { sub?: object }) => \`of \${sub}\`;\n`,
    "src/planted-lookup.ts": "export const a = (x: Readonly<Record<string, number>>, name: string) => x[name];\n",
    "src/planted-write.ts": "export const a = (x: Record<string, number>, name: string) => void (x[name] = 1);\n",
    "src/planted-any.ts": "export const a = (x: Readonly<Record<string, number>>, name: any) => x[name];\n",
    "src/planted-cast.ts": "export const a = (x: { b: 1 }, name: string) => (x as Record<string, unknown>)[name];\n",
    "src/planted-in.ts": "export const a = (x: object, name: string) => name in x;\n",
    "src/planted-literal.ts": "export const a = (name: string) => ({ [name]: 1 });\n",
    "src/planted-pattern.ts":
      "export const a = (x: Record<string, number>, name: string) => { const { [name]: b } = x; return b; };\n",
  };
  const found = await faultsOf({ ...files, ...planted });
  const faults = new Set(found.map(({ path }) => path));
  const exempt = [...OWN, ...Object.keys(LOOKS_UP)];
  const ours = found.filter(({ path }) => !exempt.includes(path) && !Object.hasOwn(planted, path));
  expect(ours.map(({ words }) => words)).toStrictEqual([]);
  expect(Object.keys(planted).filter((path) => !faults.has(path))).toStrictEqual([]);
  expect(found.find(({ path }) => path === "src/planted-lookup.ts")?.words).toBe(`src/planted-lookup.ts:1: ${REMEDIES.key}`);
  expect(found.find(({ path }) => path === "src/planted-string.ts")?.words).toBe(`src/planted-string.ts:1: ${REMEDIES.text}`);
  // An exemption that nothing needs any more is one too many.
  expect(exempt.filter((path) => !faults.has(path))).toStrictEqual([]);
});
