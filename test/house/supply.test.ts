import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { repositoryFiles, textOf } from "./repository.js";

interface Step {
  readonly run?: string;
  readonly uses?: string;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** Actions by the commit that runs, each with its version beside it. */
const PINNED = /^ *(?:- )?uses: (?<action>[\w.-]+(?:\/[\w.-]+)+)@(?<commit>[0-9a-f]{40}) # (?<version>v\d+\.\d+\.\d+)$/;
/** What runs code that a package, or the repository, has brought. */
const FOREIGN = /\b(?:npm (?:ci|i|install|exec|run|test|start|pack)|npx|pip3?|node|python3?)\b/;

const workflows = repositoryFiles(".github/workflows/*");

function usesFaults(text: string): string[] {
  return text.split("\n").filter((line) => /\buses:/.test(line) && !PINNED.test(line));
}

/** Steps of a job that may write somewhere, or say who it is, and runs what others wrote. */
function trustFaults({ permissions = {}, steps }: Job): string[] {
  if (!Object.values(permissions).includes("write")) return [];
  return steps.flatMap(({ run = "", uses = "" }) => {
    const faults = FOREIGN.test(run) || uses.startsWith("actions/checkout@") ? [run || uses] : [];
    return /\bnpm publish\b/.test(run) && !run.match(/^.*\bnpm publish\b.*$/gm)?.every(isSafe) ? [...faults, run] : faults;
  });
}

function isSafe(line: string): boolean {
  return line.includes("--ignore-scripts") && line.includes("--provenance");
}

describe("the workflows", () => {
  test("are all seen", () => {
    expect(workflows).toEqual([".github/workflows/ci.yml", ".github/workflows/release.yml"]);
  });

  test("run actions by their commits, each action by one", () => {
    expect(workflows.flatMap((path) => usesFaults(textOf(path)))).toEqual([]);
    const used = workflows.flatMap((path) => [...textOf(path).matchAll(new RegExp(PINNED, "gm"))]);
    const pins = new Set(used.map(({ groups }) => `${groups?.action}@${groups?.commit} ${groups?.version}`));
    const actions = new Set(used.map(({ groups }) => groups?.action));
    expect(actions.size).toBeGreaterThan(5);
    expect(pins.size).toBe(actions.size);
  });

  test("give rights to jobs alone, and none that writes to one that runs what others wrote", () => {
    for (const path of workflows) {
      const { permissions, jobs } = parse(textOf(path)) as Workflow;
      expect(permissions).toEqual({ contents: "read" });
      expect(Object.values(jobs).flatMap(trustFaults)).toEqual([]);
    }
  });

  test("release what was built without a package's script", () => {
    const { jobs } = parse(textOf(".github/workflows/release.yml")) as Workflow;
    const lines = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run = "" }) => run.split("\n")));
    const installs = lines.filter((line) => /\bnpm (?:ci|install)\b/.test(line));
    expect(installs.length).toBeGreaterThan(0);
    expect(installs.filter((line) => !line.includes("--ignore-scripts"))).toEqual([]);
    expect(jobs.publish?.permissions).toMatchObject({ attestations: "write", "id-token": "write" });
  });

  test.each([
    ["a tag", "      - uses: actions/checkout@v4"],
    ["a commit without its version", `      - uses: actions/checkout@${"a".repeat(40)}`],
    ["a short commit", "      - uses: actions/checkout@11d5960 # v4.4.0"],
  ])("are refused %s", (_, line) => {
    expect(usesFaults(line)).toEqual([line]);
  });

  test.each([
    ["modules", { run: "npm ci --ignore-scripts" }],
    ["a program", { run: "node tools/build.mjs" }],
    ["the repository", { uses: "actions/checkout@v4" }],
    ["a package that is packed there", { run: "npm publish --provenance" }],
  ])("are refused %s in a job that may write", (_, step) => {
    expect(trustFaults({ permissions: { "id-token": "write" }, steps: [step] })).toHaveLength(1);
    expect(trustFaults({ permissions: { contents: "read" }, steps: [step] })).toEqual([]);
  });
});

describe("npm ci warns of nothing", () => {
  type Locked = Readonly<Record<string, { readonly hasInstallScript?: boolean; readonly deprecated?: string }>>;
  const lockOf = (path: string) => (JSON.parse(textOf(path)) as { packages: Locked }).packages;

  test("since no package that is locked is deprecated", () => {
    const deprecated = repositoryFiles("*package-lock.json").flatMap((path) =>
      Object.entries(lockOf(path)).flatMap(([name, { deprecated }]) => (deprecated === undefined ? [] : [`${path}: ${name}`])),
    );
    expect(deprecated).toEqual([]);
  });

  test("since package.json says of each install script whether it runs, and of no other", () => {
    const { allowScripts } = JSON.parse(textOf("package.json")) as { allowScripts: Record<string, boolean> };
    const scripted = Object.entries(lockOf("package-lock.json")).flatMap(([path, { hasInstallScript }]) =>
      hasInstallScript === true && path !== "" ? [path.replace(/^.*node_modules\//, "")] : [],
    );
    expect(Object.keys(allowScripts).sort()).toEqual([...new Set(scripted)].sort());
    expect(Object.values(allowScripts)).not.toContain(true);
  });
});

describe("the container's recipe", () => {
  const build = "tools/build.mjs";

  /** A tool and every tool that it loads. */
  function toolsOf(path: string, seen = new Set<string>()): Set<string> {
    if (seen.has(path)) return seen;
    seen.add(path);
    for (const [, name] of textOf(path).matchAll(/\b(?:from|import)\s*\(?\s*"\.\/([\w-]+\.mjs)"/g))
      toolsOf(`tools/${name}`, seen);
    return seen;
  }

  test("copies every tool that the build loads, and no other", () => {
    const copies = textOf("examples/container/Containerfile").match(/^COPY tools\/.*$/m)?.[0] ?? "";
    const copied = [...copies.matchAll(/tools\/[\w-]+\.mjs/g)].map(([path]) => path);
    expect(copied.sort()).toEqual([...toolsOf(build)].sort());
  });

  test("is not alone: a change of any of them makes a build stale", () => {
    const [, inputs = ""] = /const buildInputs = \[([^\]]*)\]/.exec(textOf(build)) ?? [];
    const named = [...inputs.matchAll(/tools\/[\w-]+\.mjs/g)].map(([path]) => path);
    expect(named.sort()).toEqual([...toolsOf(build)].sort());
  });
});
