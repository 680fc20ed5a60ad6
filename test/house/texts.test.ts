import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Node, parseSync } from "oxc-parser";
import { expect, it } from "vitest";
import { repositoryFiles, textOf } from "./repository.js";

/*
 * `String(x)` and `${x}` call a member of whatever x is, and throw where that is no function: `{"toString": false}` is JSON. Types know
 * what a value can be, but take anything for a text there. So each place is wrapped in a call that takes texts, numbers and the like
 * alone, and the compiler looks at the copy.
 */
const root = fileURLToPath(new URL("../../", import.meta.url));
const CHECK = "declare function __text<T extends string | number | bigint | boolean | undefined | null | URL>(value: T): T;\n";

/** What makes texts of what is its own, and no stranger's: lines of this log, the config's checks, headers that Node has read. */
const OWN = ["src/server/log.ts", "src/config/explain-issue.ts", "src/doctor/visit.ts", "src/verify/listed-hosts.ts"];

/** Source with each place wrapped where a value becomes a text. */
function wrapped(path: string, source: string): string {
  const at: [number, string][] = [];
  const wrap = ({ start, end }: Node) => void at.push([start, "__text("], [end, ")"]);
  const visit = (node: unknown, parent?: Node): void => {
    if (Array.isArray(node)) for (const each of node) visit(each, parent);
    if (typeof node !== "object" || node === null || !("type" in node)) return;
    const each = node as Node;
    if (each.type === "TSTemplateLiteralType" || parent?.type === "TSLiteralType") return;
    if (each.type === "TemplateLiteral") each.expressions.forEach(wrap);
    if (each.type === "CallExpression" && each.callee.type === "Identifier" && each.callee.name === "String")
      each.arguments.forEach(wrap);
    for (const member of Object.values(each)) visit(member, each);
  };
  visit(parseSync(path, source).program);
  return at.sort(([a], [b]) => b - a).reduce((text, [place, more]) => text.slice(0, place) + more + text.slice(place), source);
}

async function faultsOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  const directory = await mkdtemp(join(root, "node_modules/.texts-"));
  try {
    for (const [path, source] of Object.entries({ ...files, "src/text.d.ts": CHECK })) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), path.endsWith(".d.ts") ? source : wrapped(path, source));
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
    return told.split("\n").flatMap((line) => /(?:^|\/)(src\/[^(]+)\(.*: error TS\d+:/.exec(line)?.[1] ?? []);
  } finally {
    await rm(directory, { recursive: true });
  }
}

it("no value that may be anything becomes a text", async () => {
  const files = Object.fromEntries(repositoryFiles("src/*.ts").map((path) => [path, textOf(path)]));
  // Of each kind one, which must be seen: else the compiler has looked at nothing.
  const planted = {
    "src/planted-template.ts": `export const a = (x: unknown) => \`\${x}\`;\n`,
    "src/planted-string.ts": 'export const a = (x: Readonly<Record<string, unknown>>) => String(x.kty ?? "");\n',
    "src/planted-member.ts": `export const a = ({ sub }: { sub?: object }) => \`of \${sub}\`;\n`,
  };
  const faults = await faultsOf({ ...files, ...planted });
  expect([...new Set(faults)].filter((path) => !OWN.includes(path)).sort()).toStrictEqual(Object.keys(planted).sort());
});
