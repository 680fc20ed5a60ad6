import { posix } from "node:path";
import { parseSync, Visitor } from "oxc-parser";

/**
 * The house, as ARCHITECTURE.md draws it: every folder of src/ (and every file beside them) with what it may import besides
 * itself, errors.ts and encoding/. `x (types)` allows `import type` only; `x/contract` allows that one file.
 */
export const HOUSE: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  encoding: [],
  files: [],
  algorithms: [],
  aws: [],
  keyring: ["algorithms"],
  custody: ["algorithms", "keyring", "aws", "files"],
  storage: ["keyring", "aws", "files"],
  settings: [],
  issue: ["algorithms", "keyring", "custody/contract", "settings"],
  rotation: ["keyring", "algorithms", "custody/contract", "storage/contract"],
  verify: ["algorithms", "keyring (types)"],
  config: ["algorithms", "files", "settings"],
  "assemble-aws": ["config", "custody", "storage", "keyring", "aws"],
  assemble: ["assemble-aws", "notify", "aws", "config", "custody", "storage", "issue", "rotation", "verify", "keyring"],
  http: ["issue", "verify", "keyring", "settings"],
  server: ["assemble", "files", "http"],
  notify: ["aws", "rotation (types)"],
  lambda: [
    ...["assemble-aws", "notify", "algorithms", "aws", "custody", "storage", "issue", "keyring", "rotation", "verify"],
    "settings",
  ],
  doctor: ["algorithms", "verify", "keyring"],
  client: ["aws", "issue (types)"],
  deploy: ["aws"],
  index: ["algorithms", "keyring", "custody", "storage", "issue", "rotation", "verify", "settings", "config", "assemble"],
  cli: [
    ...["files", "algorithms", "aws", "keyring", "custody", "storage", "issue", "rotation", "verify", "settings", "config"],
    ...["assemble", "http", "server", "doctor", "client", "deploy", "index"],
  ],
};

/** Which part of src/ may import which package at run time. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  jose: ["custody/file"],
  valibot: ["config"],
  commander: ["cli"],
  "@hono/node-server": ["server"],
  pino: ["server"],
  "prom-client": ["server"],
  "@aws-sdk/credential-provider-node": ["aws"],
  "@aws-sdk/client-cloudformation": ["deploy"],
};

/** Folders whose subfolders are alternatives to each other: none knows a sibling, and the contract knows none of them. */
const ALTERNATIVES = ["custody"];

/** Free to all: they stand below every folder. */
const FOUNDATION = ["errors", "encoding"];

/** The rooms as ARCHITECTURE.md draws them: the name of each with what stands after its arrow, or "any" for all but lambda. */
export function drawnHouse(page: string): Map<string, readonly string[]> {
  const drawn = /^src\/\n(?<rooms>( {2}.*\n)+)/m.exec(page)?.groups?.rooms ?? "";
  return new Map(
    drawn
      .trimEnd()
      .split("\n")
      .flatMap((line) => {
        const room = /^ {2}(?<name>[\w-]+)(\/|\.ts) .*?(<- *(?<after>.*))?$/.exec(line)?.groups;
        if (!room?.name) return [];
        const after = room.after?.trim() ?? "";
        return [[room.name, after.startsWith("any of the above") ? ["any"] : after.split(", ").filter(Boolean)] as const];
      }),
  );
}

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** `import { type X }` counts as a value: under verbatimModuleSyntax the module is still loaded. */
export function importsOf(path: string, source: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: unknown, typeOnly: boolean) => {
    if (typeof specifier !== "string") throw new Error(`${path}: a computed import cannot be held against the house`);
    found.push({ specifier, typeOnly });
  };
  const { program, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  new Visitor({
    ImportDeclaration: (node) => add(node.source.value, node.importKind === "type"),
    ExportAllDeclaration: (node) => add(node.source.value, node.exportKind === "type"),
    ExportNamedDeclaration: (node) => node.source && add(node.source.value, node.exportKind === "type"),
    ImportExpression: (node) => add("value" in node.source ? node.source.value : undefined, false),
    TSImportType: (node) => add(node.source.value, true),
  }).visit(program);
  return found;
}

/** `src/custody/file/seal.ts` lives in `custody`, `src/assemble.ts` in `assemble`. */
function zoneOf(path: string): string {
  return path.split("/")[1]?.replace(/\.ts$/, "") ?? "";
}

function isWithin(path: string, place: string): boolean {
  return path === `src/${place}.ts` || path.startsWith(`src/${place}/`);
}

function targetOf(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, ".ts");
}

function isAllowed(from: string, target: string, typeOnly: boolean): boolean {
  const zone = zoneOf(from);
  if (zone === zoneOf(target)) return !ALTERNATIVES.includes(zone) || !reachesAlternative(from, target);
  if (FOUNDATION.includes(zoneOf(target))) return zone !== "errors";
  return (HOUSE[zone] ?? []).some((entry) => {
    const types = entry.endsWith(" (types)");
    return (typeOnly || !types) && isWithin(target, entry.replace(" (types)", ""));
  });
}

function reachesAlternative(from: string, target: string): boolean {
  const folder = posix.dirname(target).split("/").slice(0, 3).join("/");
  return folder.split("/").length === 3 && !from.startsWith(`${folder}/`);
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function fault(from: string, { specifier, typeOnly }: Import): string | undefined {
  if (specifier.startsWith("node:")) return undefined;
  if (specifier.startsWith(".")) {
    const target = targetOf(from, specifier);
    return isAllowed(from, target, typeOnly) ? undefined : `${from} must not import ${target}${typeOnly ? " (types)" : ""}`;
  }
  const places = PACKAGES[packageOf(specifier)] ?? [];
  return places.some((place) => isWithin(from, place)) ? undefined : `${from} must not import the package ${specifier}`;
}

/** Every import in `sources` (path from the repository's root to text) that the house does not allow. */
export function importFaults(sources: ReadonlyMap<string, string>): string[] {
  return [...sources].flatMap(([path, source]) => {
    if (!(zoneOf(path) in HOUSE)) return [`${path} stands in no folder of the house`];
    return importsOf(path, source).flatMap((found) => fault(path, found) ?? []);
  });
}

/** The folders of a cycle in the order they import each other, or undefined. Types count: they bind the reader as well. */
export function folderCycle(sources: ReadonlyMap<string, string>): string[] | undefined {
  const edges = new Map<string, Set<string>>();
  for (const [path, source] of sources) {
    const zone = zoneOf(path);
    const targets = edges.get(zone) ?? edges.set(zone, new Set()).get(zone);
    for (const { specifier } of importsOf(path, source)) {
      if (!specifier.startsWith(".")) continue;
      const target = zoneOf(targetOf(path, specifier));
      if (target !== zone) targets?.add(target);
    }
  }
  const done = new Set<string>();
  const walk = (zone: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(zone)) return [...trail.slice(trail.indexOf(zone)), zone];
    if (done.has(zone)) return undefined;
    for (const next of edges.get(zone) ?? []) {
      const cycle = walk(next, [...trail, zone]);
      if (cycle) return cycle;
    }
    done.add(zone);
    return undefined;
  };
  for (const zone of edges.keys()) {
    const cycle = walk(zone, []);
    if (cycle) return cycle;
  }
  return undefined;
}
