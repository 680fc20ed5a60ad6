import type { Interface } from "node:readline/promises";
import { SignetError } from "../errors.js";

/** The exit code of a command that Ctrl-C has ended, as shells have it: 128 and the signal's number. */
export const INTERRUPTED = 130;

let isInterrupted = false;

/** Whether Ctrl-C was pressed at a question. What is thrown then may be wrapped on its way; this stays true. */
export function wasInterrupted(): boolean {
  return isInterrupted;
}

/**
 * Asks one question, and closes the lines that it is asked with.
 *
 * @throws SignetError `usage` for Ctrl-C, and for input that ends (Ctrl-D)
 */
export async function askOnce(lines: Interface, question: string): Promise<string> {
  try {
    return await new Promise<string>((resolve, reject) => {
      // Readline would wait for an answer for ever.
      lines.once("close", () => reject(new SignetError("usage", "no answer was given, and nothing was done")));
      lines.once("SIGINT", () => {
        isInterrupted = true;
        lines.close();
      });
      lines.question(question).then(resolve, reject);
    });
  } finally {
    lines.close();
  }
}
