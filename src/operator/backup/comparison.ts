import type { Keyring } from "../../keyring/keyring.js";
import { parseKeyring } from "../../keyring/parse.js";
import { countsOf, type Files } from "./contents.js";
import type { Here } from "./plan.js";
import type { ProvenBackup } from "./prove.js";

/** One line of what is where. */
export interface Compared {
  readonly part: string;
  readonly backup: string;
  readonly here: string;
}

/** What is in a backup, and what is where it shall be restored, part by part. */
export function comparisonOf(backup: ProvenBackup, here: Here): readonly Compared[] {
  const [ours, theirs] = [sideOf(backup.files, backup.keyring), sideOf(here.files, keyringOf(here))];
  const config = here.files.get("signet.json");
  const configHere =
    config === undefined ? "none" : config === backup.files.get("signet.json") ? "the same" : "another; it stays";
  return [
    ...[...ours].map(([part, there]) => ({ part, backup: there, here: theirs.get(part) ?? "" })),
    { part: "signet.json", backup: "there", here: configHere },
  ];
}

function sideOf(files: Files, keyring: Keyring | undefined): ReadonlyMap<string, string> {
  const { keys, documents, entries } = countsOf(files);
  return new Map([
    ["keyring", keyring === undefined ? "none" : `generation ${keyring.leases}, entry ${keyring.audit.count}`],
    ["sequence", keyring === undefined ? "none" : `${keyring.lastSequence}`],
    ["active", counted(documents, "document")],
    ["audit log", entries === 0 ? "none" : `${entries} entries`],
    ["private keys", counted(keys, "key file")],
  ]);
}

function counted(count: number, what: string): string {
  if (count === 0) return "none";
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

// A damaged one is told by the plan.
function keyringOf({ files, mark, directory }: Here): Keyring | undefined {
  const text = files.get("keyring.json");
  if (text === undefined) return mark?.keyring;
  try {
    return parseKeyring(text, directory);
  } catch {
    return undefined;
  }
}
