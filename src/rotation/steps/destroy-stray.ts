import { beginningWith } from "../../encoding/prefixes.js";
import { isSignetError, SignetError } from "../../errors.js";
import type { Custody } from "../../keyring/key-record.js";
import type { Keyring } from "../../keyring/keyring.js";
import { IN_USE, isInUse, partsOf, type Standing, standingOf } from "../plan/strays.js";
import type { View } from "../plan/view.js";
import { type Context, custodianOf } from "../session/context.js";
import { assertNewest } from "../session/log-beyond.js";
import { readView } from "../session/read-view.js";
import type { Session } from "../session/session.js";
import { searchAll } from "./sweep.js";

/** A private key that a person wants to be destroyed. */
export interface FoundKey {
  readonly custody: Custody;
  /** As its custodian lists it. */
  readonly name: string;
}

/**
 * Finds what a person names: as its custodian lists it, by its id, by the name of a KMS key, or by what only one of all private keys begins
 * with.
 *
 * @throws SignetError `key_not_found`, or `usage` where several things have that id or begin so
 */
export async function findKey(context: Context, keyring: Keyring, wanted: string): Promise<FoundKey> {
  const { listings, failures } = await searchAll(context, keyring);
  const all = listings.flatMap(({ custody, names }) => names.map((name) => ({ custody, name })));
  const matching = all.filter(({ name }) => isMeant(name, wanted));
  const [first, ...others] = matching;
  if (first !== undefined && others.length === 0) return first;
  if (first !== undefined) {
    const names = matching.map(({ name }) => name).join(", ");
    throw new SignetError("usage", `several private keys have that id: name one of ${names}`);
  }
  assertNoRecord(keyring, wanted);
  // What could not be listed may begin so too.
  const [failure] = failures;
  if (failure !== undefined) throw failure.error;
  const begun = all.filter(({ name }) => beginningWith([name, partsOf(name).part], wanted).length > 0);
  const [only, ...more] = begun;
  if (only !== undefined && more.length === 0) return only;
  if (only !== undefined) {
    const names = begun.map(({ name }) => name).join(", ");
    throw new SignetError(
      "usage",
      `${begun.length} private keys begin with ${wanted}: ${names}; give more of the one that you mean`,
    );
  }
  throw new SignetError("key_not_found", "no custodian that is configured here holds a private key of that name");
}

function isMeant(name: string, wanted: string): boolean {
  const { id, part } = partsOf(name);
  return name === wanted || id === wanted || (part !== "" && part === wanted.slice(wanted.lastIndexOf("/") + 1));
}

/**
 * Destroys a private key that no record names, by a person's word.
 *
 * @throws SignetError `plan_refused` for one that the keyring names, that is published, or that an active document names
 */
export async function destroyStray(context: Context, session: Session, { custody, name }: FoundKey): Promise<void> {
  await assertDestroyable(context, await readView(context, session.keyring()), { custody, name });
  await assertNewest(context, session);
  await session.check();
  await custodianOf(context, { custody }).destroy(name);
  await session.change(
    (keyring) =>
      keyring.strays === undefined ? keyring : { ...keyring, strays: keyring.strays.filter((each) => each.name !== name) },
    { event: "key.destroyed", keys: [name], why: "by hand: no record named it" },
  );
}

/** @throws SignetError `plan_refused` for a key that is in use, or may still come to be */
export async function assertDestroyable(context: Context, view: View, found: FoundKey): Promise<void> {
  const standing = standingOf(view.keyring, found.name);
  if (standing === "named") throw refused(found.name, "the keyring has it; `signet keys revoke` takes a key out of use");
  if (isInUse(view, found.name)) throw refused(found.name, IN_USE);
  const kid = await publishedKidOf(context, view, found, standing);
  if (kid !== undefined)
    throw refused(
      found.name,
      `it is the key ${kid}, which is published or signs: where this is a second copy of it, delete it by hand where the custodian ${found.custody} keeps its keys`,
    );
}

function assertNoRecord(keyring: Keyring, wanted: string): void {
  const isRecord = keyring.keys.some(({ id, publicJwk }) => id === wanted || publicJwk?.kid === wanted);
  if (isRecord) throw refused(wanted, "the keyring has it; `signet keys revoke` takes a key out of use");
}

function refused(name: string, why: string): SignetError {
  return new SignetError("plan_refused", `${name} is not destroyed: ${why}`);
}

// Of what the keyring knows nothing, not even a kid, the private part itself is asked: it opens as the key that it is, and as no other.
async function publishedKidOf(
  context: Context,
  { published, documents }: View,
  { custody, name }: FoundKey,
  standing: Standing,
): Promise<string | undefined> {
  const { id, part } = partsOf(name);
  if (standing !== "unknown" || part !== "") return undefined;
  const custodian = custodianOf(context, { custody });
  for (const { kid, alg } of [...(published?.jwks.keys ?? []), ...documents]) {
    try {
      await custodian.open({ kid, alg, material: await custodian.material(id) });
      return kid;
    } catch (error) {
      // What cannot be opened now, for want of a passphrase, a right or an answer, may be any of them.
      if (!isSignetError(error, "key_mismatch", "invalid_key", "unsupported_algorithm", "key_not_found")) throw error;
    }
  }
  return undefined;
}
