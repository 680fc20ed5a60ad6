import type { Custodian, KnownKey } from "../../custody/contract.js";
import { ownMember } from "../../encoding/own-member.js";
import { SignetError } from "../../errors.js";
import type { Custody, KeyRecord } from "../../keyring/key-record.js";
import type { Keyring } from "../../keyring/keyring.js";
import type { Stores } from "../../storage/contract.js";
import type { Action } from "../plan/actions.js";
import type { RotationSettings } from "../plan/policy.js";
import type { Notify } from "./notice.js";

/** What is told of progress. */
export interface Step {
  readonly action: Action["kind"] | "adopt" | "lease" | "planted" | "wait" | "notice";
  readonly words: string;
}

/** What every step of a manager works with. */
export interface Context {
  readonly stores: Stores;
  readonly custodians: Readonly<Record<Custody, Custodian>>;
  readonly settings: RotationSettings;
  /** NumericDate. */
  readonly clock: () => number;
  readonly randomId: () => string;
  /** The id of a new issuer's first key; a random one when absent. */
  readonly firstId?: string | undefined;
  readonly sleep: (seconds: number) => Promise<void>;
  /** Who asked, for the audit log. */
  readonly actor: string;
  readonly onStep: (step: Step) => void;
  /** Tells others of each change; absent where no notices are configured. */
  readonly notify?: Notify | undefined;
  /** Tells this manager from others of the same process. */
  readonly manager: string;
}

/**
 * The custodian of a key.
 *
 * @throws SignetError `plan_refused` where this manager was given none of that kind
 */
export function custodianOf(context: Pick<Context, "custodians">, record: Pick<KeyRecord, "custody">): Custodian {
  const custodian = ownMember(context.custodians, record.custody);
  if (custodian !== undefined) return custodian;
  throw new SignetError(
    "plan_refused",
    `a key is held by ${record.custody}, which this manager cannot reach: run it where ${record.custody} is configured`,
  );
}

/** What the keyring knows of a key: a custodian whose service names keys itself finds it by that. */
export function knownOf({ publicJwk, keyArn }: KeyRecord): KnownKey {
  return { kid: publicJwk?.kid, keyArn };
}

/**
 * The custodians who can hold a private key of this issuer: of the policy, of every key that the keyring names, and the files of this
 * machine, which cost nothing to look at.
 */
export function custodiansInUse({ custodians, settings }: Context, keyring: Keyring | undefined): readonly Custodian[] {
  const own = keyring?.keys.filter(({ origin }) => origin !== "foreign").map(({ custody }) => custody) ?? [];
  const kinds = new Set<Custody>([keyring?.policy.custody ?? settings.custody, ...own]);
  return Object.values(custodians).filter(({ custody, isNear }) => isNear === true || kinds.has(custody));
}

/** Where the keyring is looked for, in messages: " in /srv/app/.signet". */
export function locationOf({ stores }: Context): string {
  return stores.location === undefined ? "" : ` in ${stores.location}`;
}

/** Beside a config whose keys are not there: a volume that is not mounted, or an issuer that was never made. */
export function keyringMissing(context: Context): SignetError {
  return new SignetError(
    "keyring_missing",
    `there is no keyring${locationOf(context)}, and nothing was changed: mount or restore what should be there, or run \`signet init\` ` +
      "to make a new issuer",
  );
}

/**
 * Reads a keyring that has to be there.
 *
 * @throws SignetError `keyring_missing`
 */
export async function existingKeyring(context: Context): Promise<Keyring> {
  const current = await context.stores.keyring.read();
  if (current !== undefined) return current.keyring;
  throw keyringMissing(context);
}

/**
 * Compares this machine's clock with the service's.
 *
 * @throws SignetError `clock_untrusted` where they are further apart than the skew
 */
export async function assertClock(context: Context, clockSkewSeconds: number): Promise<void> {
  const service = await context.stores.serviceTime?.();
  if (service === undefined) return;
  const apart = Math.abs(service - context.clock());
  if (apart <= clockSkewSeconds) return;
  throw new SignetError(
    "clock_untrusted",
    `this machine's clock and the service's are ${Math.round(apart)} seconds apart, more than ${clockSkewSeconds}: set the clock`,
  );
}
