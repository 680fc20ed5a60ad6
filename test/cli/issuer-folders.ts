import { cp } from "node:fs/promises";
import { expect } from "vitest";
import { signet } from "./command.js";

/**
 * Folders with a new issuer each, all alike: `signet init` runs once for a file of tests, and each test gets a copy.
 *
 * @param scratch makes an empty folder
 * @param args options of `signet init`
 * @param prepare puts into the one that is copied what each has
 */
export function issuerFolders(
  scratch: () => Promise<string>,
  args: readonly string[] = [],
  prepare?: (cwd: string) => Promise<unknown>,
): () => Promise<string> {
  let origin: Promise<string> | undefined;

  async function make(): Promise<string> {
    const cwd = await scratch();
    const { code, stderr } = await signet(["init", ...args], { cwd });
    expect(code, stderr).toBe(0);
    await prepare?.(cwd);
    return cwd;
  }

  return async () => {
    origin ??= make();
    const cwd = await scratch();
    await cp(await origin, cwd, { recursive: true });
    return cwd;
  };
}
