import { posix } from "node:path";
import { parseSync, Visitor } from "oxc-parser";

/**
 * The house, as ARCHITECTURE.md draws it: every folder of src/ (and every file beside them) with what it may import besides
 * itself, errors.ts and encoding/. `x (types)` allows `import type` only; `x/contract` allows that one file.
 */
const HOUSE: Readonly<Record<string, readonly string[]>> = {
  "error-status": [],
  errors: ["error-status"],
  encoding: [],
  files: [],
  algorithms: [],
  aws: [],
  keyring: ["algorithms", "settings"],
  custody: ["algorithms", "keyring", "aws", "files", "settings"],
  storage: ["keyring", "aws", "files"],
  settings: [],
  issue: ["algorithms", "keyring", "custody/contract", "settings"],
  rotation: ["keyring", "algorithms", "custody/contract", "storage/contract", "settings"],
  verify: ["algorithms", "keyring (types)"],
  trust: ["algorithms", "keyring", "settings", "storage/contract (types)", "verify"],
  config: ["algorithms", "files", "settings", "custody/registry", "trust", "relying-parties/ids"],
  "assemble-aws": ["config", "custody", "storage", "keyring", "aws"],
  "assemble-issuer": ["assemble-aws", "aws", "config", "custody", "storage", "issue", "keyring", "trust"],
  assemble: ["assemble-issuer", "notify", "aws", "config", "issue", "rotation"],
  "open-issuer": ["assemble-issuer", "config", "issue", "keyring"],
  "open-custody": ["assemble-issuer", "algorithms", "config", "custody", "issue", "keyring"],
  http: ["issue", "verify", "keyring", "settings", "trust"],
  server: ["assemble", "files", "http", "keyring"],
  notify: ["aws", "rotation (types)"],
  lambda: [
    ...["assemble-aws", "notify", "algorithms", "aws", "custody", "storage", "issue", "keyring", "rotation", "verify"],
    ...["settings", "trust", "http"],
  ],
  "relying-parties": [],
  doctor: ["algorithms", "verify", "keyring", "relying-parties"],
  client: ["aws", "issue (types)"],
  deploy: ["aws"],
  operator: [
    ...["algorithms", "assemble", "aws", "client", "config", "custody", "deploy", "files", "issue", "keyring"],
    ...["look", "relying-parties", "rotation", "settings", "storage", "trust", "verify"],
  ],
  look: ["rotation (types)"],
  console: [
    ...["algorithms (types)", "assemble", "config", "files", "issue", "keyring (types)", "look", "operator", "rotation (types)"],
    "settings",
  ],
  index: ["algorithms", "keyring", "custody", "storage", "issue", "rotation", "verify", "settings", "config", "open-issuer"],
  cli: [
    ...["files", "algorithms", "aws", "keyring", "custody", "storage", "issue", "rotation", "verify", "settings", "config"],
    ...["assemble", "http", "server", "doctor", "relying-parties", "client", "deploy", "operator", "console", "trust", "index"],
  ],
};

/**
 * The rooms of a folder that has some: what each may import of its sisters and, of what its folder may, of other folders. Files beside
 * the rooms may import all of them; no room imports a file beside it.
 */
const ROOMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  rotation: {
    plan: ["keyring", "algorithms (types)", "custody/contract", "storage/contract (types)", "settings"],
    session: ["plan", "keyring", "custody/contract (types)", "storage/contract (types)"],
    steps: ["plan", "session", "keyring", "algorithms", "custody/contract", "storage/contract (types)", "settings"],
    forecast: ["plan", "session", "steps", "keyring", "algorithms (types)"],
  },
  lambda: {
    shared: ["custody (types)", "issue", "settings", "verify"],
    issuer: ["shared", "algorithms", "aws", "custody", "issue", "keyring", "settings", "storage"],
    "key-manager": [
      ...["shared", "assemble-aws", "notify", "algorithms", "aws", "custody", "issue", "keyring", "rotation", "settings"],
      "storage",
    ],
    authorizer: ["shared", "issue", "verify"],
    decoder: ["shared", "issue", "verify"],
    token: ["shared", "aws", "http", "issue", "settings", "storage", "trust", "verify"],
  },
};

/** What a folder of src/, or a room of one (`rotation/plan`), may import. */
export function heldFor(place: string): readonly string[] {
  const [folder = "", room] = place.split("/");
  return (room === undefined ? HOUSE[folder] : ROOMS[folder]?.[room]) ?? [];
}

/** Which part of src/ may import which package at run time. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  jose: ["custody/file", "operator/backup/sealing"],
  preact: ["console/page"],
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

/**
 * The house as ARCHITECTURE.md draws it: each folder, and each room below it (`rotation/plan`), with what stands after its arrow, or "any"
 * for all but lambda.
 */
export function drawnHouse(page: string): Map<string, readonly string[]> {
  const drawn = /^src\/\n(?<rooms>( {2}.*\n)+)/m.exec(page)?.groups?.rooms ?? "";
  let folder = "";
  return new Map(
    drawn
      .trimEnd()
      .split("\n")
      .flatMap((line) => {
        const place = /^(?<indent> {2}| {4})(?<name>[\w-]+)(\/|\.ts) .*?(<- *(?<after>.*))?$/.exec(line)?.groups;
        if (!place?.name) return [];
        const isRoom = place.indent?.length === 4;
        if (!isRoom) folder = place.name;
        const after = place.after?.trim() ?? "";
        const allowed = after.startsWith("any of the above") ? ["any"] : after.split(", ").filter(Boolean);
        return [[isRoom ? `${folder}/${place.name}` : place.name, allowed] as const];
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

/** `src/rotation/plan/policy.ts` stands in the room `plan`; `src/rotation/run.ts`, and what is in a folder without rooms, in none. */
function roomOf(path: string): string | undefined {
  const [, , room, file] = path.split("/");
  return zoneOf(path) in ROOMS && file !== undefined ? room : undefined;
}

/** Where a file stands, as the drawn house names it. */
export function placeOf(path: string): string {
  return [zoneOf(path), roomOf(path)].filter((name) => name !== undefined).join("/");
}

function isWithin(path: string, place: string): boolean {
  return path === `src/${place}.ts` || path.startsWith(`src/${place}/`);
}

function targetOf(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, ".ts");
}

function isAllowed(from: string, target: string, typeOnly: boolean): boolean {
  const zone = zoneOf(from);
  if (zone === zoneOf(target)) return isAllowedWithin(zone, from, target);
  if (FOUNDATION.includes(zoneOf(target))) return zone !== "errors";
  return [zone, placeOf(from)].every((place) =>
    heldFor(place).some((entry) => {
      const types = entry.endsWith(" (types)");
      return (typeOnly || !types) && isWithin(target, entry.replace(" (types)", ""));
    }),
  );
}

function isAllowedWithin(zone: string, from: string, target: string): boolean {
  if (ALTERNATIVES.includes(zone)) return !reachesAlternative(from, target);
  const [here, there] = [roomOf(from), roomOf(target)];
  if (here === undefined || here === there) return true;
  return there !== undefined && heldFor(placeOf(from)).includes(there);
}

/** What lists the alternatives: those who read it learn from it which there are. */
const LISTS = ["src/custody/registry.ts", "src/custody/lambda.ts"];

function reachesAlternative(from: string, target: string): boolean {
  if (LISTS.includes(from)) return false;
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
    const room = roomOf(path);
    if (room !== undefined && !(room in (ROOMS[zoneOf(path)] ?? {}))) return [`${path} stands in no room of the house`];
    return importsOf(path, source).flatMap((found) => fault(path, found) ?? []);
  });
}

/** The folders, and rooms, of a cycle in the order they import each other, or undefined. Types count: they bind the reader as well. */
export function folderCycle(sources: ReadonlyMap<string, string>): string[] | undefined {
  const edges = new Map<string, Set<string>>();
  for (const [path, source] of sources) {
    const zone = placeOf(path);
    const targets = edges.get(zone) ?? edges.set(zone, new Set()).get(zone);
    for (const { specifier } of importsOf(path, source)) {
      if (!specifier.startsWith(".")) continue;
      const target = placeOf(targetOf(path, specifier));
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
