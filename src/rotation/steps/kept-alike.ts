import { type Custodian, keepsAlike } from "../../custody/contract.js";
import { isSignetError, SignetError } from "../../errors.js";
import type { Keyring } from "../../keyring/keyring.js";
import type { Context } from "../session/context.js";
import type { Session } from "../session/session.js";

/** What the keyring says of how keys are kept; empty where a custodian has only one way. */
type Kept = Pick<Keyring, "keyFiles">;

/**
 * Makes sure that a custodian would keep a new key as those before, and answers what the keyring records of it with the key.
 *
 * @throws SignetError `passphrase_required`, `passphrase_wrong` or `plan_refused`
 */
export async function keptAlike({ keyFiles, keys }: Keyring, custodian: Custodian): Promise<Kept> {
  if (!keepsAlike(custodian)) return {};
  if (keyFiles === undefined) await assertSomeAreThere(keys, custodian);
  return { keyFiles: await custodian.assertKeptAlike(keyFiles) };
}

// Where nothing is recorded yet the keys that there are tell how they are kept: without one of them any passphrase would do.
async function assertSomeAreThere(keys: Keyring["keys"], custodian: Custodian): Promise<void> {
  const ids = keys.flatMap(({ id, custody, state, origin }) =>
    custody === custodian.custody && state !== "creating" && origin !== "foreign" ? [id] : [],
  );
  if (ids.length === 0) return;
  for await (const name of custodian.list()) if (ids.includes(name)) return;
  throw new SignetError(
    "plan_refused",
    "none of this issuer's key files is there, and nothing tells whether they are encrypted, so no key was made: mount or restore " +
      "them, or run `signet keys apply` to keep keys from now on as the environment says",
  );
}

/**
 * Puts in force, by a person's word, how the present passphrase keeps new keys.
 *
 * @returns what changed, in words; `null` where nothing did
 */
export async function applyKeeping(session: Session, custodian: Custodian): Promise<string | null> {
  if (!keepsAlike(custodian) || session.keyring().version === 1) return null;
  const before = session.keyring().keyFiles;
  const keyFiles = await custodian.keepFromNowOn(before);
  if (keyFiles === before) return null;
  const isNew = before === undefined && !keyFiles.encrypted;
  const words = `key files from now on: ${keyFiles.encrypted ? "encrypted under the present passphrase" : "not encrypted"}`;
  await session.change((keyring) => ({ ...keyring, keyFiles }), isNew ? undefined : { event: "policy.changed", why: words });
  return isNew ? null : words;
}

/** Records how keys are kept where the keyring is older than that; a passphrase that is missing is told where it is needed. */
export async function recordKeeping({ custodians }: Context, session: Session): Promise<void> {
  const { version, keyFiles, keys } = session.keyring();
  const custodian = Object.values(custodians).find((each) => keepsAlike(each));
  if (version === 1 || keyFiles !== undefined || !keys.some(({ custody }) => custody === custodian?.custody)) return;
  try {
    const kept = await keptAlike(session.keyring(), custodian as Custodian);
    await session.change((keyring) => ({ ...keyring, ...kept }));
  } catch (error) {
    if (!isSignetError(error, "passphrase_required", "passphrase_wrong", "plan_refused")) throw error;
  }
}
