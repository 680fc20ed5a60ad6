import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function run(cwd: string, command: string, ...args: string[]): Outcome {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (error) throw error;
  return { status, stdout, stderr };
}

function runOrThrow(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr } = run(cwd, command, ...args);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${stderr}\n${stdout}`);
  return stdout;
}

export interface Packed {
  /** A project that depends on the tarball alone, installed as a production does. */
  readonly project: string;
  /** Where the package lies in it. */
  readonly installed: string;
  /** Paths in the tarball. */
  readonly files: readonly string[];
  remove(): void;
}

export function packAndInstall(): Packed {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "signet-packaging-"));
  const [packed] = JSON.parse(runOrThrow(root, "npm", "pack", "--json", "--pack-destination", folder));
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  runOrThrow(
    project,
    "npm",
    "install",
    "--omit=dev",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    join(folder, packed.filename),
  );
  return {
    project,
    installed: join(project, "node_modules/signet-jwt"),
    files: packed.files.map((file: { path: string }) => file.path),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Node's own types are the consumer's to bring, as for any package that takes a KeyObject. */
export function linkNodeTypes(project: string): void {
  if (existsSync(join(project, "node_modules/@types/node"))) return;
  mkdirSync(join(project, "node_modules/@types"), { recursive: true });
  symlinkSync(join(root, "node_modules/@types/node"), join(project, "node_modules/@types/node"));
  symlinkSync(join(root, "node_modules/undici-types"), join(project, "node_modules/undici-types"));
}

export function sizeBytes(path: string): number {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
