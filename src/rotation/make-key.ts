import { randomBytes } from "node:crypto";
import { type PublicJwk, publicKeyFromJwk } from "../algorithms/jwk.js";
import { signatureChecker } from "../algorithms/signature.js";
import { algorithmNamed } from "../algorithms/table.js";
import type { Custodian } from "../custody/contract.js";
import { isSignetError, SignetError } from "../errors.js";
import type { KeyRecord } from "../keyring/key-record.js";
import { type Context, custodianOf } from "./context.js";
import { withoutKey, withRecord } from "./records.js";
import type { Session } from "./session.js";
import { recordById } from "./view.js";

/** Records that a key is intended, then makes it. */
export async function makeKey(context: Context, session: Session): Promise<void> {
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
  custodianOf(context, record);
  await session.change((keyring) => ({ ...keyring, keys: [...keyring.keys, record] }), {
    event: "key.intended",
    keys: [record.id],
  });
  await finishMaking(context, session, record.id);
}

/** Makes a key that is recorded as `creating`, or finishes what was interrupted; it becomes `pending` once it has proven itself. */
export async function finishMaking(context: Context, session: Session, id: string): Promise<void> {
  const record = recordById(session.keyring(), id);
  if (record === undefined) return;
  const custodian = custodianOf(context, record);
  await session.check();
  const publicJwk = await reported(custodian, record);
  if (publicJwk === undefined) {
    // An import that was interrupted before the custodian had the key: only the operator has it.
    await session.change((keyring) => withoutKey(keyring, id), {
      event: "key.abandoned",
      keys: [id],
      why: "the import was interrupted",
    });
    return;
  }
  try {
    await proveKey(custodian, record, publicJwk);
  } catch (error) {
    if (isSignetError(error, "key_mismatch")) await abandon(session, custodian, id);
    throw error;
  }
  const pendingAt = await session.time();
  await session.change((keyring) => withRecord(keyring, id, (key) => ({ ...key, state: "pending", publicJwk, pendingAt })), {
    event: "key.made",
    keys: [publicJwk.kid],
  });
}

async function reported(custodian: Custodian, record: KeyRecord): Promise<PublicJwk | undefined> {
  if (record.origin === "created") return custodian.create(record.id, algorithmNamed(record.alg));
  try {
    await custodian.material(record.id);
    return record.publicJwk;
  } catch (error) {
    if (isSignetError(error, "key_not_found")) return undefined;
    throw error;
  }
}

// A key that was stored wrongly, or reported under another's public key, would mint tokens that never verify.
async function proveKey(custodian: Custodian, record: KeyRecord, publicJwk: PublicJwk): Promise<void> {
  const material = await custodian.material(record.id);
  const signer = await custodian.open({ kid: publicJwk.kid, alg: publicJwk.alg, material });
  const challenge = `${publicJwk.kid}.${randomBytes(16).toString("base64url")}`.replace(/[^\x20-\x7e]/g, "-");
  const check = signatureChecker(algorithmNamed(record.alg), publicKeyFromJwk(publicJwk));
  if (publicJwk.alg !== record.alg || signer.kid !== publicJwk.kid || !check(challenge, await signer.sign(challenge))) {
    throw new SignetError("key_mismatch", `the custodian ${record.custody} reported a public key that is not the key's own`);
  }
}

async function abandon(session: Session, custodian: Custodian, id: string): Promise<void> {
  await session.check();
  await custodian.destroy(id);
  const why = "it did not prove to be the key that was reported";
  await session.change((keyring) => withoutKey(keyring, id), { event: "key.abandoned", keys: [id], why });
}
