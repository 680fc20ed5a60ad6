import { SignetError } from "../../errors.js";
import type { ReportedAction } from "../plan/actions.js";
import { without, withRecord } from "../plan/records.js";
import { type Context, custodianOf } from "../session/context.js";
import type { Session } from "../session/session.js";
import { expirySet, laterWord } from "./expiry.js";
import { assertMayStay, type RequestFor, recordOfSameKey, type Way } from "./import-key.js";
import { keptAlike } from "./kept-alike.js";

/**
 * Makes an imported key that was retired a standby again, where keys are let sign by a person's word and that word follows: who has let the
 * wrong key sign goes back to the one before. It has never left the JWKS, and what its tokens may need stays recorded; when the last of them
 * ends is said anew, or not known.
 *
 * @param isDry nothing is handed to the custodian
 * @returns what was done; nothing where the key is no such key
 * @throws SignetError `plan_refused` where no word is to follow, or the key may not stay; what `keptAlike` throws
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
  const { kid } = publicJwk;
  const isNamedSo = kid === wanted.kid || way.namesLater?.(custodian) === true;
  if (!isNamedSo || record.alg !== request.algorithm || record.custody !== request.custody) return [];
  if (request.signsNext !== true) {
    const todo = "`signet keys import FILE --as active` lets it sign again";
    throw new SignetError("plan_refused", `key ${kid} was imported before, and is retired: ${todo}`, { field: "as" });
  }
  const tokensExpireBy = laterWord(record, request.tokensExpireBy);
  const word = tokensExpireBy === undefined ? {} : { tokensExpireBy };
  if (tokensExpireBy === undefined && record.tokensExpireBy !== undefined) assertMayStay(keyring);
  const kept = await keptAlike(keyring, custodian);
  // A custodian may have dropped the private part of a key that signs no more.
  if (!isDry) await way.handAgain?.(custodian, { ...record, publicJwk }, request);
  await session.change(
    (before) => ({
      ...withRecord(before, record.id, (key) => {
        const { tokensExpireBy: _, ...others } = without(key, "materialLostAt");
        return { ...others, ...word, state: "pending" };
      }),
      ...kept,
    }),
    { event: "key.recalled", keys: [kid], why: "it was retired, and may sign again", ...word },
  );
  const done: ReportedAction = { kind: "import", words: `take key ${kid} back, which was retired` };
  if (tokensExpireBy === record.tokensExpireBy) return [done];
  const forgotten = `forget when the last token of key ${kid} was to end: it signs again`;
  return [done, tokensExpireBy === undefined ? { kind: "expire", words: forgotten } : expirySet(kid, tokensExpireBy)];
}
