import { join } from "node:path";
import { stateOfHolder } from "../../files/holder-state.js";
import { placeDigest } from "../../files/place-digest.js";
import { removeDeadPresences } from "../../files/presence.js";
import { describeProcess, holderName, processIdentity } from "../../files/process-identity.js";
import { removeDeadWrites } from "../../files/temporary.js";
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
    location: directory,
    placeDigest: () => placeDigest(directory),
    keyring: createFileKeyringStore(join(directory, "keyring.json")),
    active: createFileActiveStore(join(directory, "active")),
    publicDocuments: createFilePublicStore(join(directory, "public")),
    audit: createFileAuditStore(join(directory, "audit.jsonl")),
    holder: processIdentity,
    stateOfHolder: (holder: string) => stateOfHolder(holder, directory),
    describeHolder: describeProcess,
    nameOfHolder: holderName,
    async removeDeadWrites() {
      for (const folder of [directory, join(directory, "active"), join(directory, "public")]) {
        await removeDeadWrites(folder);
        await removeDeadPresences(folder);
      }
    },
  });
}
