import { asLibraryFailure, reworded } from "../encoding/command-hints.js";
import { type ErrorCode, isSignetError } from "../errors.js";

/** What a program without a `signet.json` and its variables can do, by the code. */
const WORDS: Partial<Record<ErrorCode, string>> = {
  passphrase_required: "the key files are encrypted: give the option passphrase, a function that answers it",
  plan_refused:
    "the key files there are not encrypted, and no key was made: leave the option passphrase out, or give another directory",
};

/** A custodian's failure as a program is told it that has opened the custodian by options alone. */
export function asCustodianFailure(error: unknown): unknown {
  if (!isSignetError(error)) return error;
  const words = WORDS[error.code];
  return words === undefined ? asLibraryFailure(error) : reworded(error, words);
}
