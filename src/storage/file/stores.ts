import { join } from "node:path";
import { describeProcess, processIdentity, stateOfProcess } from "../../files/process-identity.js";
import type { Stores } from "../contract.js";
import { createFileActiveStore } from "./active-store.js";
import { createFileAuditStore } from "./audit-store.js";
import { createFileKeyringStore } from "./keyring-store.js";
import { createFilePublicStore } from "./public-store.js";

/**
 * The stores of an installation that lives in one directory: `keyring.json`, `audit.jsonl`, `active/` and `public/`.
 *
 * @param directory made with mode 0700 at the first write
 */
export function createFileStores(directory: string): Stores {
  return Object.freeze({
    keyring: createFileKeyringStore(join(directory, "keyring.json")),
    active: createFileActiveStore(join(directory, "active")),
    publicDocuments: createFilePublicStore(join(directory, "public")),
    audit: createFileAuditStore(join(directory, "audit.jsonl")),
    holder: processIdentity,
    stateOfHolder: stateOfProcess,
    describeHolder: describeProcess,
  });
}
