import type { ReportedAction } from "../plan/actions.js";
import { without, withRecord } from "../plan/records.js";
import { type Context, custodianOf } from "../session/context.js";
import type { Session } from "../session/session.js";
import { type RequestFor, recordOfSameKey, type Way } from "./import-key.js";

/**
 * Makes an imported key that was retired a standby again, where keys are let sign by a person's word: who has let the wrong key sign goes
 * back to the one before. It has never left the JWKS, and what its tokens may need stays recorded.
 *
 * @param isDry nothing is handed to the custodian
 * @returns what was done; nothing where the key is no such key
 */
export async function recallKey<Kind>(
  context: Context,
  session: Session,
  request: RequestFor<Kind>,
  way: Way<Kind>,
  isDry: boolean,
): Promise<readonly ReportedAction[]> {
  const keyring = session.keyring();
  if (keyring.policy.byUpload !== true) return [];
  const custodian = custodianOf(context, request);
  const wanted = await way.publicPart(custodian, request, keyring);
  const record = recordOfSameKey(keyring, wanted);
  if (record?.publicJwk === undefined || record.state !== "retired" || record.origin !== "imported") return [];
  const { publicJwk } = record;
  const isNamedSo = publicJwk.kid === wanted.kid || way.namesLater?.(custodian) === true;
  if (!isNamedSo || record.alg !== request.algorithm || record.custody !== request.custody) return [];
  // A custodian may have dropped the private part of a key that signs no more.
  if (!isDry) await way.handAgain?.(custodian, { ...record, publicJwk }, request);
  await session.change(
    (before) => withRecord(before, record.id, (key) => ({ ...without(key, "materialLostAt"), state: "pending" })),
    {
      event: "key.imported",
      keys: [publicJwk.kid],
      why: "it was retired, and may be let sign again",
    },
  );
  return [{ kind: "import", words: `take key ${publicJwk.kid} back, which was retired` }];
}
