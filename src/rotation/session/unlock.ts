import { SignetError } from "../../errors.js";
import type { Context } from "./context.js";
import { takeLease } from "./session.js";

/**
 * Takes the lease from a holder of whom a person knows that it has ended. It is recorded, and the next run searches for what the
 * holder left behind.
 *
 * @param holder the holder, or its short name
 * @returns false where that one holds no lease
 * @throws SignetError `lease_held` where the holder answers
 */
export async function unlock(context: Context, holder: string): Promise<boolean> {
  const { stores } = context;
  const current = await stores.keyring.read();
  const lease = current?.keyring.lease ?? null;
  if (current === undefined || lease === null) return false;
  if (lease.holder !== holder && stores.nameOfHolder?.(lease.holder) !== holder) return false;
  if ((await stores.stateOfHolder(lease.holder)) === "alive") {
    throw new SignetError("lease_held", `${stores.describeHolder(lease.holder)} is alive and changing keys: end it first`);
  }
  const session = await takeLease(context, current, { even: lease });
  await session.change((same) => same, { event: "lease.unlocked", why: `held by ${stores.describeHolder(lease.holder)}` });
  await session.release(true);
  return true;
}
