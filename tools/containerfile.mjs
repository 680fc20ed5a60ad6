/**
 * Does what a Containerfile says without a container's daemon: each stage is a folder, in which its absolute paths lie. What the
 * base images bring is not there, so a RUN may use only what this machine has too, and no absolute path.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, statSync } from "node:fs";
import { basename, join, posix } from "node:path";

/** @typedef {{ keyword: string, rest: string, line: number }} Instruction */
/** @typedef {{ base: string, folder: string, workdir: string, user: string, env: Record<string, string>, entrypoint: string[], command: string[], health: string[] }} Stage */

/**
 * @param {string} text
 * @returns {Instruction[]}
 */
export function instructionsOf(text) {
  const found = [];
  let open = "";
  for (const [index, line] of text.split("\n").entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    open += line.replace(/\\$/, " ");
    if (line.endsWith("\\")) continue;
    const [, keyword, rest] = /^\s*([A-Z]+)\s+(.*)$/.exec(open) ?? [];
    if (keyword === undefined) throw new Error(`line ${index + 1}: not an instruction`);
    found.push({ keyword, rest: rest.trim(), line: index + 1 });
    open = "";
  }
  return found;
}

/**
 * @param {Instruction[]} instructions
 * @param {{ context: string, scratch: string, say: (text: string) => void }} place
 * @returns {Stage} the last stage, which the image is made of
 */
export function buildStages(instructions, { context, scratch, say }) {
  /** @type {Map<string, Stage>} */
  const stages = new Map();
  /** @type {Stage | undefined} */
  let stage;
  for (const { keyword, rest, line } of instructions) {
    if (keyword === "FROM") {
      const [, base, name = String(stages.size)] = /^(\S+)(?: AS (\S+))?$/.exec(rest) ?? [];
      stage = emptyStage(base, join(scratch, name));
      stages.set(name, stage);
      continue;
    }
    const act = ACTS[keyword];
    if (stage === undefined || act === undefined) throw new Error(`line ${line}: ${keyword} is not known here`);
    say(`${keyword} ${rest}`);
    act(stage, rest, { context, stages });
  }
  if (stage === undefined) throw new Error("it has no stage");
  return stage;
}

/** @param {string} base @param {string} folder @returns {Stage} */
function emptyStage(base, folder) {
  mkdirSync(folder, { recursive: true });
  return { base, folder, workdir: "/", user: "0", env: {}, entrypoint: [], command: [], health: [] };
}

/** Where a path of a stage lies on this machine. @param {Stage} stage @param {string} path */
export function placeOf({ folder, workdir }, path) {
  return join(folder, posix.resolve(workdir, path));
}

/** @type {Record<string, (stage: Stage, rest: string, all: { context: string, stages: Map<string, Stage> }) => void>} */
const ACTS = {
  WORKDIR(stage, rest) {
    stage.workdir = posix.resolve(stage.workdir, rest);
    mkdirSync(placeOf(stage, "."), { recursive: true });
  },
  COPY(stage, rest, { context, stages }) {
    const words = rest.split(/\s+/);
    const options = Object.fromEntries(words.filter((word) => word.startsWith("--")).map((word) => word.slice(2).split("=")));
    const paths = words.filter((word) => !word.startsWith("--"));
    const from = options.from === undefined ? undefined : stages.get(options.from);
    if (options.from !== undefined && from === undefined) throw new Error(`there is no stage ${options.from}`);
    const to = /** @type {string} */ (paths.pop());
    for (const path of paths) copy(from === undefined ? join(context, path) : placeOf(from, path), placeOf(stage, to), to, paths);
  },
  RUN(stage, rest) {
    if (/(^|[\s=:"'])\//.test(rest)) throw new Error(`RUN names an absolute path, which only a container has: ${rest}`);
    execFileSync("sh", ["-euc", rest], { cwd: placeOf(stage, "."), stdio: ["ignore", "ignore", "inherit"] });
  },
  ENV(stage, rest) {
    for (const [, name, value] of rest.matchAll(/(\w+)=(\S*)/g)) stage.env[name] = value;
  },
  USER(stage, rest) {
    stage.user = rest;
  },
  ENTRYPOINT(stage, rest) {
    stage.entrypoint = JSON.parse(rest);
  },
  CMD(stage, rest) {
    stage.command = JSON.parse(rest);
  },
  HEALTHCHECK(stage, rest) {
    stage.health = JSON.parse(rest.slice(rest.indexOf("[")));
  },
  VOLUME: () => undefined,
  EXPOSE: () => undefined,
};

/** As COPY does: a folder's content, a file under its own name where the place is a folder. */
function copy(source, place, to, sources) {
  const isFolder = statSync(source).isDirectory();
  if (!isFolder && !to.endsWith("/") && to !== "." && sources.length > 1) throw new Error(`${to} must end in /`);
  const target = isFolder || !(to.endsWith("/") || to === ".") ? place : join(place, basename(source));
  cpSync(source, target, { recursive: true, verbatimSymlinks: true });
}
