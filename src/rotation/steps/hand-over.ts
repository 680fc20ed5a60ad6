import { publicJwk } from "../../algorithms/jwk.js";
import { algorithmNamed } from "../../algorithms/table.js";
import { type Custodian, canImport, type KeyImporter } from "../../custody/contract.js";
import { recordByKid } from "../../keyring/keyring.js";
import { withRecord } from "../plan/records.js";
import { custodianOf } from "../session/context.js";
import { type HandedOver, importedNote, recordOfSameKey, takesNone, type Way } from "./import-key.js";

/** Private keys made elsewhere. Managers that run unattended are never given one. */
export const handingOver: Way<HandedOver> & Required<Pick<Way<HandedOver>, "handAgain">> = {
  namesLater: (custodian) => importerOf(custodian).namesImports === true,

  async publicPart(custodian, { privateKey, algorithm, kid, custody }, keyring) {
    const importer = importerOf(custodian);
    const known = algorithmNamed(algorithm);
    importer.assertTakes?.(privateKey, known);
    const own = publicJwk(privateKey, known, kid);
    if (importer.namesImports !== true) return own;
    // Named by its service, it is known again by its numbers.
    const begun = recordOfSameKey(keyring, own);
    const isOurs = begun?.custody === custody && begun.alg === algorithm && begun.origin === "imported";
    const isLiving = begun?.state === "creating" || begun?.state === "pending" || begun?.state === "active";
    return isOurs && isLiving ? { ...own, kid: begun.publicJwk?.kid ?? own.kid } : own;
  },

  async isBegun(context, session, request) {
    const keyring = session.keyring();
    const custodian = importerOf(custodianOf(context, request));
    const wanted = await this.publicPart(custodian, request, keyring);
    const present = recordByKid(keyring, wanted.kid);
    if (present === undefined || JSON.stringify(present.publicJwk) !== JSON.stringify(wanted)) return false;
    if (present.state === "creating") return true;
    // What the service lost of a key that it has named is given to it again.
    const isOurs = custodian.namesImports === true && present.custody === custodian.custody && present.origin === "imported";
    if (isOurs) await this.handAgain(custodian, { ...present, publicJwk: wanted }, request);
    return false;
  },

  async handAgain(custodian, { id, publicJwk: { kid } }, { privateKey, algorithm }) {
    const importer = importerOf(custodian);
    const isNamedThere = importer.namesImports === true;
    const progress = { isAgain: true, onNamed: ignore, ...(isNamedThere && { knownAs: kid }) };
    await importer.importKey(id, privateKey, algorithmNamed(algorithm), isNamedThere ? undefined : kid, progress);
  },

  async handOver(session, custodian, { record, isAgain = false }, { privateKey, algorithm, kid }) {
    return importerOf(custodian).importKey(record.id, privateKey, algorithmNamed(algorithm), kid, {
      isAgain,
      async onNamed(named) {
        if (record.publicJwk?.kid === named.kid) return;
        const note = importedNote({ ...record, publicJwk: named });
        await session.change((keyring) => withRecord(keyring, record.id, (key) => ({ ...key, publicJwk: named })), note);
      },
    });
  },
};

async function ignore(): Promise<void> {
  // The keyring has the name.
}

function importerOf(custodian: Custodian): Custodian & KeyImporter {
  return canImport(custodian) ? custodian : takesNone(custodian);
}
