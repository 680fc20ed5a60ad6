import { createInterface } from "node:readline/promises";
import { SignetError, visible } from "../errors.js";
import type { CommonOptions } from "./context.js";
import { askOnce } from "./interruption.js";

/**
 * Asks before what cannot be undone, and says that it cannot.
 *
 * @throws SignetError `usage` where stdin is no terminal and `--yes` was not given, or the answer is no
 */
export function confirm(question: string, options: CommonOptions): Promise<void> {
  return ask(`${question} This cannot be undone`, options);
}

/**
 * Asks before what another command takes back.
 *
 * @throws SignetError as `confirm`
 */
export function confirmChange(question: string, options: CommonOptions): Promise<void> {
  return ask(question, options);
}

async function ask(question: string, { yes }: CommonOptions): Promise<void> {
  if (yes === true) return;
  const isSentence = /[.?]$/.test(question);
  if (!process.stdin.isTTY) throw new SignetError("usage", `${question}${isSentence ? " Give" : ": give"} --yes to do it`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await askOnce(lines, `${visible(question)}${isSentence ? "" : "."} Type yes: `);
  if (answer.trim().toLowerCase() !== "yes") throw new SignetError("usage", "nothing was done");
}
