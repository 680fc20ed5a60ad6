import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { SignetError } from "../errors.js";
import { askOnce, INTERRUPTED, wasInterrupted } from "./interruption.js";

const ELSEWHERE = "--passphrase asks at a terminal; elsewhere set SIGNET_PASSPHRASE or give --passphrase-file FILE";

/**
 * Asks for a new passphrase, twice, without showing it.
 *
 * @param elsewhere what to do where there is no terminal
 * @throws SignetError `usage` where stdin is no terminal, or the two differ
 */
export async function askNewPassphrase(elsewhere = ELSEWHERE): Promise<string> {
  if (!process.stdin.isTTY) throw new SignetError("usage", elsewhere);
  const first = await askHidden("Passphrase: ");
  if (first === "") throw new SignetError("usage", "an empty passphrase protects nothing");
  if (first !== (await askHidden("Again: "))) throw new SignetError("usage", "the two passphrases differ; nothing was made");
  return first;
}

/** What asks for a line without showing it; `undefined` where there is no terminal. */
export function askIfWatched(): typeof askHidden | undefined {
  return process.stdin.isTTY ? askHidden : undefined;
}

/** Asks for a line, which is shown. @throws SignetError `usage` where none is given */
export async function askLine(question: string): Promise<string> {
  return askOnce(createInterface({ input: process.stdin, output: process.stderr }), question);
}

/** Asks for a line without showing it. */
export async function askHidden(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    return await askOnce(createInterface({ input: process.stdin, output: nowhere, terminal: true }), "");
  } finally {
    process.stderr.write("\n");
    // What cannot open a key goes on with others, or asks something else: Ctrl-C ends the command here, as it does where nothing is asked.
    if (wasInterrupted()) process.exit(INTERRUPTED);
  }
}
