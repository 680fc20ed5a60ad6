import { type Custodian, keepsNames, leavesWrites } from "../../custody/contract.js";
import { isSignetError } from "../../errors.js";
import type { Custody } from "../../keyring/key-record.js";
import { type Keyring, recordByKid } from "../../keyring/keyring.js";
import { condemned, isInUse, type Listing, withListings } from "../plan/strays.js";
import { documentState, isPublished, recordById } from "../plan/view.js";
import { RULES, type Wait } from "../plan/wait-reasons.js";
import { type Context, custodianOf, custodiansInUse } from "../session/context.js";
import { assertNewest } from "../session/log-beyond.js";
import { readView } from "../session/read-view.js";
import type { Session } from "../session/session.js";
import { recordKeeping } from "./kept-alike.js";
import { destroySecondCopy } from "./remove.js";

/**
 * Searches every custodian for private keys that no record names, and destroys those that are over by the keyring's own word: two
 * sweeps, far apart, have seen it so, nothing relies on them, and the keyring is the newest. What it knows nothing of stays.
 *
 * @returns which custodians that no key needs could not be searched
 * @throws what a custodian throws that is in use, after all the others were searched
 */
export async function sweep(context: Context, session: Session): Promise<readonly Wait[]> {
  await session.check();
  await removeDeadWrites(context);
  const { listings, failures } = await searchAll(context, session.keyring());
  // Listed first, then a write that proves the keyring to be the newest: a key that was listed was recorded before that.
  const sweptAt = await session.time();
  await session.change((keyring) => ({ ...withListings(keyring, listings, sweptAt), sweptAt }));
  await recordKeeping(context, session);
  const inUse = custodiansInUse(context, session.keyring()).map(({ custody }) => custody);
  failures.push(...(await destroyOver(context, session, sweptAt)), ...(await removeNames(context, session, listings)));
  await destroySecondCopy(context, session);
  const serious = failures.find(({ custody }) => inUse.includes(custody));
  if (serious !== undefined) throw serious.error;
  return failures.map(unsearched);
}

async function removeDeadWrites({ stores, custodians }: Context): Promise<void> {
  await stores.removeDeadWrites?.();
  for (const custodian of Object.values(custodians)) if (leavesWrites(custodian)) await custodian.removeDeadWrites();
}

interface Failure {
  readonly custody: Custody;
  readonly error: unknown;
}

/** Lists what every custodian has that this manager was given, in use or not: a key may be left with one that was used before. */
export async function searchAll(
  context: Context,
  keyring: Keyring,
): Promise<{ listings: readonly Listing[]; failures: Failure[] }> {
  const listings: Listing[] = [];
  const failures: Failure[] = [];
  // What two custodians share is told of the one that is in use.
  const inOrder = new Set([...custodiansInUse(context, keyring), ...Object.values(context.custodians)]);
  const searched = new Map<string, Listing | Failure>();
  for (const custodian of inOrder) {
    const { custody, location = custody } = custodian;
    const before = searched.get(location);
    const outcome =
      before === undefined ? await search(custodian) : { ...before, custody, ...("names" in before && { names: [] }) };
    searched.set(location, outcome);
    if ("names" in outcome) listings.push(outcome);
    else failures.push(outcome);
  }
  return { listings, failures };
}

async function search(custodian: Custodian): Promise<Listing | Failure> {
  const { custody } = custodian;
  try {
    return { custody, names: await namesOf(custodian) };
  } catch (error) {
    return { custody, error };
  }
}

async function namesOf(custodian: Custodian): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const name of custodian.list()) names.push(name);
  return names;
}

async function destroyOver(context: Context, session: Session, now: number): Promise<readonly Failure[]> {
  const keyring = session.keyring();
  const over = condemned(keyring, now);
  if (over.length === 0 || keyring.activation !== null) return [];
  const view = await readView(context, keyring);
  if (documentState(view) !== "confirmed" || !isPublished(view)) return [];
  await assertNewest(context, session);
  const failures: Failure[] = [];
  const destroyed: string[] = [];
  for (const { custody, name } of over) {
    if (isInUse(view, name)) continue;
    await session.check();
    try {
      await custodianOf(context, { custody }).destroy(name);
      destroyed.push(name);
    } catch (error) {
      failures.push({ custody, error });
    }
  }
  if (destroyed.length > 0) {
    const strays = (keyring.strays ?? []).filter(({ name }) => !destroyed.includes(name));
    await session.change((present) => ({ ...present, strays }), {
      event: "key.destroyed",
      keys: destroyed,
      why: "private parts of keys that have ended",
    });
  }
  return failures;
}

// An alias is a convenience: only the name goes, whatever it names.
async function removeNames(context: Context, session: Session, listings: readonly Listing[]): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  for (const custodian of Object.values(context.custodians)) {
    if (!keepsNames(custodian) || !listings.some(({ custody }) => custody === custodian.custody)) continue;
    await session.check();
    try {
      await custodian.removeNames((kid, id) => isNamed(session.keyring(), kid, id));
    } catch (error) {
      failures.push({ custody: custodian.custody, error });
    }
  }
  return failures;
}

function isNamed(keyring: Keyring, kid: string, id: string | undefined): boolean {
  if (id !== undefined && recordById(keyring, id)?.state === "creating") return true;
  const record = recordByKid(keyring, kid);
  return record !== undefined && (id === undefined || id === record.id);
}

function unsearched({ custody, error }: Failure): Wait {
  const why = isSignetError(error) ? error.message : "something unexpected failed";
  return {
    rule: "unsearched",
    until: null,
    words: `${custody}, which no key needs, was not searched: ${RULES.unsearched} (${why})`,
  };
}
