import { createInterface } from "node:readline/promises";
import { SignetError, visible } from "../errors.js";
import type { CommonOptions } from "./context.js";
import { askOnce } from "./interruption.js";

/**
 * Asks before what cannot be undone.
 *
 * @throws SignetError `usage` where stdin is no terminal and `--yes` was not given, or the answer is no
 */
export async function confirm(question: string, { yes }: CommonOptions): Promise<void> {
  if (yes === true) return;
  if (!process.stdin.isTTY) throw new SignetError("usage", `${question} This cannot be undone: give --yes to do it`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await askOnce(lines, `${visible(question)} This cannot be undone. Type yes: `);
  if (answer.trim().toLowerCase() !== "yes") throw new SignetError("usage", "nothing was done");
}
