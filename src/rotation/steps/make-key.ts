import type { PublicJwk } from "../../algorithms/jwk.js";
import { algorithmNamed } from "../../algorithms/table.js";
import type { Custodian } from "../../custody/contract.js";
import { isSignetError, SignetError } from "../../errors.js";
import type { KeyMaterial } from "../../keyring/active-document.js";
import type { Custody, KeyRecord } from "../../keyring/key-record.js";
import type { Keyring } from "../../keyring/keyring.js";
import { madeKey, withRecord } from "../plan/records.js";
import { withEnded } from "../plan/strays.js";
import { recordById, type View } from "../plan/view.js";
import { type Context, custodianOf, knownOf } from "../session/context.js";
import type { Session } from "../session/session.js";
import { keptAlike } from "./kept-alike.js";
import { assertOthersAreHere, assertSigns, isSettled } from "./prove.js";

/** How often a key that was just made is looked for, over the store's settling. */
const LOOKS = 3;

/** Records that a key is intended, then makes it. */
export async function makeKey(context: Context, session: Session, { documents }: Pick<View, "documents">): Promise<void> {
  const { policy, keys, confirmedSequence } = session.keyring();
  const { algorithm, custody } = policy;
  const isFirst = keys.length === 0 && confirmedSequence === 0;
  const record: KeyRecord = {
    id: (isFirst ? context.firstId : undefined) ?? context.randomId(),
    state: "creating",
    alg: algorithm,
    custody,
    origin: "created",
    creatingAt: await session.time(),
  };
  const kept = await assertMayMake(context, { keyring: session.keyring(), documents }, custody, await session.time());
  await session.change((keyring) => ({ ...keyring, ...kept, keys: [...keyring.keys, record] }), {
    event: "key.creation-started",
    keys: [record.id],
    intended: { id: record.id, custody, alg: algorithm },
  });
  await completeMaking(context, session, record.id);
}

/**
 * Makes sure that a key may be made at a custodian from here.
 *
 * @returns what the keyring records with the key of how it is kept
 * @throws SignetError what `keptAlike` and `assertOthersAreHere` throw
 */
export async function assertMayMake(
  context: Pick<Context, "stores" | "custodians">,
  view: Pick<View, "documents" | "keyring">,
  custody: Custody,
  now: number,
): Promise<Pick<Keyring, "keyFiles">> {
  const kept = await keptAlike(view.keyring, custodianOf(context, { custody }));
  await assertOthersAreHere(context, view, custody, now);
  return kept;
}

/** Finishes what was interrupted, where a new key might be made as well: an import that is not found here may be where the others are. */
export async function finishMaking(
  context: Context,
  session: Session,
  id: string,
  { documents }: Pick<View, "documents">,
): Promise<void> {
  const record = recordById(session.keyring(), id);
  if (record !== undefined)
    await assertOthersAreHere(context, { keyring: session.keyring(), documents }, record.custody, await session.time());
  await completeMaking(context, session, id);
}

/** Makes a key that is recorded as `creating`, or finishes what was interrupted; it becomes `pending` once it has proven itself. */
export async function completeMaking(context: Context, session: Session, id: string): Promise<void> {
  const record = recordById(session.keyring(), id);
  if (record === undefined) return;
  const custodian = custodianOf(context, record);
  await session.check();
  await keptAlike(session.keyring(), custodian);
  const publicJwk = await reported(context, session, custodian, record);
  if (publicJwk === undefined) {
    // An import that was interrupted before the custodian had the key: only the operator has it.
    return abandoned(session, record, "the import was interrupted");
  }
  let material: KeyMaterial;
  try {
    material = await assertReported(context, custodian, record, publicJwk);
  } catch (error) {
    if (isSignetError(error, "key_mismatch")) await abandon(session, custodian, { ...record, publicJwk });
    throw error;
  }
  const keyArn = custodian.namesIn?.(material).keyArn;
  const made = {
    state: "pending",
    publicJwk,
    pendingAt: await session.time(),
    ...(keyArn !== undefined && { keyArn }),
  } as const;
  await session.change((keyring) => withRecord(keyring, id, (key) => ({ ...key, ...made })), {
    event: "key.made",
    keys: [publicJwk.kid],
    made: [madeKey({ ...record, ...made })],
  });
}

/** Gives up a key that was not made: the policy wants another algorithm or custodian since. What turns up of it late is swept. */
export async function abandonMaking(session: Session, id: string): Promise<void> {
  const record = recordById(session.keyring(), id);
  if (record?.state === "creating") await abandoned(session, record, "another algorithm or custodian is wanted since");
}

async function reported(
  context: Context,
  session: Session,
  custodian: Custodian,
  record: KeyRecord,
): Promise<PublicJwk | undefined> {
  if (record.origin === "created") return custodian.create(record.id, algorithmNamed(record.alg));
  try {
    await custodian.material(record.id, knownOf(record));
    return record.publicJwk;
  } catch (error) {
    // A place in KMS that waits for its private part cannot be used.
    if (!isSignetError(error, "key_not_found", "key_unusable")) throw error;
    if (isSettled(context, session.keyring(), record, await session.time())) return undefined;
    throw error;
  }
}

// A key that was stored wrongly, or reported under another's public key, would mint tokens that never verify.
async function assertReported(
  context: Context,
  custodian: Custodian,
  record: KeyRecord,
  publicJwk: PublicJwk,
): Promise<KeyMaterial> {
  if (publicJwk.alg !== record.alg)
    throw new SignetError("key_mismatch", `${record.custody} reported a key for ${publicJwk.alg}`);
  return whileNotSeen(context, async () => {
    const material = await custodian.material(record.id, { kid: publicJwk.kid });
    await assertSigns((key) => custodian.open(key), publicJwk, material);
    return material;
  });
}

// What was just made may not be seen everywhere yet. A later run looks again: nothing is lost while the key is being made.
async function whileNotSeen<T>(context: Context, look: () => Promise<T>): Promise<T> {
  const pauseSeconds = Math.ceil(context.stores.active.settleSeconds / LOOKS);
  for (let left = LOOKS - 1; ; left--) {
    try {
      return await look();
    } catch (error) {
      if (left === 0 || pauseSeconds === 0 || !isSignetError(error, "key_not_found")) throw error;
      await context.sleep(pauseSeconds);
    }
  }
}

async function abandon(session: Session, custodian: Custodian, record: KeyRecord): Promise<void> {
  await session.check();
  await custodian.destroy(record.id, knownOf(record));
  await abandoned(session, record, "it did not prove to be the key that was reported");
}

async function abandoned(session: Session, record: KeyRecord, why: string): Promise<void> {
  const now = await session.time();
  await session.change((keyring) => withEnded(keyring, record, now), { event: "key.abandoned", keys: [record.id], why });
}
