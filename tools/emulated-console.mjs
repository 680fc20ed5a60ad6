/** The console of a stack on an emulator that runs CloudFormation and Lambda, in a real browser. */
import { fileURLToPath } from "node:url";
import { nodeTools, skip } from "./installed.mjs";

const folder = fileURLToPath(new URL("console/", import.meta.url));

/**
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, stack: string, keyring: () => Promise<any>, published: () => Promise<string[]>,
 *   check: (holds: boolean, what: string) => void }} place
 */
export async function consoleLife({ check, ...place }) {
  // What runs in a browser has the browser's types: it is no part of what the tools are checked as.
  const { chromiumPath } = await import(new URL("console/browser.mjs", import.meta.url).href);
  if (chromiumPath() === undefined) return skip("the console of an emulated stack: there is no chromium");
  await nodeTools(folder);
  const { walkEmulated } = await import(new URL("console/walk-emulated.mjs", import.meta.url).href);
  const told = (holds, what, seen) => check(holds, holds || seen === undefined ? what : `${what}: ${JSON.stringify(seen)}`);
  return walkEmulated(told, place);
}
