import type { KeyObject } from "node:crypto";
import { type PublicJwk, thumbprint } from "../../algorithms/jwk.js";
import { assertHardModulus } from "../../algorithms/rsa-modulus.js";
import { type AlgorithmName, algorithmNamed } from "../../algorithms/table.js";
import { type Custodian, canAdopt, type KeyAdopter } from "../../custody/contract.js";
import { SignetError } from "../../errors.js";
import type { Custody, KeyRecord } from "../../keyring/key-record.js";
import { activeRecord, type Keyring, MAX_PUBLISHED_KEYS, recordByKid } from "../../keyring/keyring.js";
import type { ReportedAction } from "../plan/actions.js";
import type { AuditNote } from "../plan/audit-entry.js";
import { MOVING_SLOTS, permanentKeys } from "../plan/policy.js";
import { madeKey } from "../plan/records.js";
import { type Context, custodianOf } from "../session/context.js";
import type { Session } from "../session/session.js";
import { laterWord, recordExpiry } from "./expiry.js";
import { keptAlike } from "./kept-alike.js";
import { completeMaking } from "./make-key.js";

/** A private key made elsewhere. */
export interface HandedOver {
  readonly privateKey: KeyObject;
  /** Its name; the RFC 7638 thumbprint when absent. */
  readonly kid?: string;
}

/** A key that the custodian's service has already. */
export interface ExistingKey {
  /** The service's name for it. */
  readonly existing: string;
}

/** What is known of a key to take over, of whichever kind. */
interface KeyTerms {
  readonly algorithm: AlgorithmName;
  readonly custody: Custody;
  /** The operator's word on when the last token ends that it signed elsewhere (NumericDate). */
  readonly tokensExpireBy?: number;
}

/** A key to take over. */
export type ImportedKey = (HandedOver | ExistingKey) & KeyTerms;

/** What an import of one kind of key is asked for. */
export type RequestFor<Kind> = Kind &
  KeyTerms & {
    /** `active` only for an issuer that has no active key yet. */
    readonly as: "standby" | "active";
    /** The word that lets it sign follows: one that was retired is taken back for it. */
    readonly signsNext?: boolean;
  };

/** What an import is asked for. */
export type ImportRequest = RequestFor<HandedOver | ExistingKey>;

/** How keys of one kind come to their custodian. */
export interface Way<Kind> {
  /** The service that keeps the key names it, and does so only when there is a place for it: until then it is called something else. */
  namesLater?(custodian: Custodian): boolean;
  /** The public part, as the key is called until its custodian has it. */
  publicPart(custodian: Custodian, request: RequestFor<Kind>, keyring: Keyring): Promise<PublicJwk>;
  /**
   * Tells whether the import of this very key was interrupted: it goes on before anything else is done. Of one that was finished, the service
   * is given again what it has lost.
   */
  isBegun?(context: Context, session: Session, request: RequestFor<Kind>): Promise<boolean>;
  /** Hands the key of a record over once more, where it was named already. */
  handAgain?(
    custodian: Custodian,
    record: KeyRecord & { readonly publicJwk: PublicJwk },
    request: RequestFor<Kind>,
  ): Promise<void>;
  /** Hands the key over; again for the same record is success. Answers the public part as its custodian names it. */
  handOver(session: Session, custodian: Custodian, begun: Begun, request: RequestFor<Kind>): Promise<PublicJwk>;
}

/** Keys that a custodian's service has already. */
export const adopting: Way<ExistingKey> = {
  publicPart: async (custodian, { existing, algorithm }) => adopterOf(custodian).describe(existing, algorithmNamed(algorithm)),
  handOver: async (_, custodian, { record: { id } }, { existing, algorithm }) =>
    adopterOf(custodian).adopt(id, existing, algorithmNamed(algorithm)),
};

/** An import that was admitted: the key's public part, and its record to be finished, unless the keyring has the key already. */
export interface Admission {
  readonly publicJwk: PublicJwk;
  readonly record?: KeyRecord;
  /** An earlier try has recorded it, and may have come some way. */
  readonly isAgain?: true;
  /** What was recorded of a key that the keyring has already. */
  readonly told?: readonly ReportedAction[];
}

/** One that is not finished. */
type Begun = Admission & Required<Pick<Admission, "record">>;

/**
 * Records that a key shall be imported. Importing the same key again is success, and goes on with what was interrupted.
 *
 * @throws SignetError `plan_refused` where the keyring cannot take it, `invalid_key` where the custodian takes no keys
 */
export async function admitImport<Kind>(
  context: Context,
  session: Session,
  request: RequestFor<Kind>,
  way: Way<Kind>,
): Promise<Admission> {
  const custodian = custodianOf(context, request);
  const wanted = await way.publicPart(custodian, request, session.keyring());
  assertKid(wanted.kid);
  assertHardModulus(wanted);
  const present = recordByKid(session.keyring(), wanted.kid);
  if (present !== undefined) {
    const there = alreadyThere(session.keyring(), present, wanted, request);
    const word = laterWord(present, request.tokensExpireBy);
    return word === undefined ? there : { ...there, told: await recordExpiry(session, wanted.kid, word) };
  }
  assertNewKey(session.keyring(), wanted);
  assertRoom(session.keyring(), request);
  const kept = await keptAlike(session.keyring(), custodian);
  const record = {
    id: context.randomId(),
    state: "creating" as const,
    alg: request.algorithm,
    custody: request.custody,
    origin: "imported" as const,
    publicJwk: wanted,
    creatingAt: await session.time(),
    ...(request.tokensExpireBy !== undefined && { tokensExpireBy: request.tokensExpireBy }),
  } satisfies KeyRecord;
  // The log knows a key by one name, the one that it has in tokens.
  const note = way.namesLater?.(custodian) ? undefined : importedNote(record);
  await session.change((keyring) => ({ ...keyring, ...kept, keys: [...keyring.keys, record] }), note);
  return { publicJwk: wanted, record };
}

/** What the audit log says of a key that is imported. */
export function importedNote(record: KeyRecord & { readonly publicJwk: PublicJwk }): AuditNote {
  return { event: "key.imported", keys: [record.publicJwk.kid], made: [madeKey(record)] };
}

/**
 * Records an imported key and hands it to its custodian.
 *
 * @throws SignetError as `admitImport`, and what the custodian throws
 */
export async function importInto<Kind>(
  context: Context,
  session: Session,
  request: RequestFor<Kind>,
  way: Way<Kind>,
): Promise<Admission> {
  const admission = await admitImport(context, session, request, way);
  if (!isBegun(admission)) return admission;
  await session.check();
  const publicJwk = await way.handOver(session, custodianOf(context, request), admission, request);
  await completeMaking(context, session, admission.record.id);
  return { ...admission, publicJwk };
}

function isBegun(admission: Admission): admission is Begun {
  return admission.record !== undefined;
}

function adopterOf(custodian: Custodian): KeyAdopter {
  return canAdopt(custodian) ? custodian : takesNone(custodian);
}

/** @throws SignetError `invalid_key` */
export function takesNone({ custody }: Custodian): never {
  throw new SignetError("invalid_key", `${custody} takes no such keys made elsewhere; choose another custody`);
}

function alreadyThere(
  keyring: Keyring,
  present: KeyRecord,
  publicJwk: PublicJwk,
  { as, custody }: RequestFor<unknown>,
): Admission {
  const isSame = JSON.stringify(present.publicJwk) === JSON.stringify(publicJwk) && present.origin === "imported";
  const isPlace = as === "active" ? activeRecord(keyring) === present || activeRecord(keyring) === undefined : true;
  if (isSame && isPlace && (present.state === "pending" || present.state === "active")) return { publicJwk };
  if (isSame && present.state === "creating" && present.custody === custody) return { publicJwk, record: present, isAgain: true };
  const hint = isSame ? "" : "; give another --kid";
  throw new SignetError("plan_refused", `the keyring has a key of this name already (${present.state})${hint}`);
}

function assertNewKey(keyring: Keyring, wanted: PublicJwk): void {
  const same = recordOfSameKey(keyring, wanted);
  if (same === undefined) return;
  throw new SignetError("plan_refused", `the keyring has this very key already, as ${same.publicJwk?.kid} (${same.state})`);
}

function assertRoom(keyring: Keyring, { as, tokensExpireBy }: RequestFor<unknown>): void {
  if (as === "active" && (activeRecord(keyring) !== undefined || keyring.confirmedSequence > 0 || keyring.activation !== null)) {
    throw new SignetError("plan_refused", "this issuer has an active key already: import the key as a standby and rotate");
  }
  if (keyring.keys.filter((key) => key.state !== "revoked").length >= MAX_PUBLISHED_KEYS) {
    throw new SignetError("plan_refused", `the JWKS is full: some verifiers read no more than ${MAX_PUBLISHED_KEYS} keys`);
  }
  if (tokensExpireBy === undefined) assertMayStay(keyring);
}

/** @throws SignetError `plan_refused` where one more key that never leaves by itself would leave too little room */
export function assertMayStay(keyring: Keyring): void {
  if (permanentKeys(keyring) + 1 <= MAX_PUBLISHED_KEYS - MOVING_SLOTS) return;
  throw new SignetError(
    "plan_refused",
    `an imported key stays until --tokens-expire-by is given, and ${MOVING_SLOTS} of ${MAX_PUBLISHED_KEYS} places must stay free to move`,
  );
}

// Kids stand in headers, tables, logs and file names of others: what is not printable does not belong there.
const KID = /^(?! )[\x20-\x7e]{1,256}(?<! )$/;

/** @throws SignetError `invalid_key` for a name that no key made elsewhere may have */
export function assertKid(kid: unknown): void {
  if (typeof kid === "string" && KID.test(kid)) return;
  throw new SignetError(
    "invalid_key",
    "a kid has 1 to 256 printable ASCII characters, none of them a space at its ends; give another --kid",
    {
      field: "kid",
    },
  );
}

/** Finds the record of the same key, whatever its name and algorithm. */
export function recordOfSameKey(keyring: Keyring, jwk: PublicJwk): KeyRecord | undefined {
  return recordsOfSameKey(keyring, jwk)[0];
}

/**
 * Finds all records of one key: under the name that it had at another issuer it may be published beside its own. Revoked under one name, it
 * would go on under the other.
 */
export function recordsOfSameKey(keyring: Keyring, { kid: _, ...jwk }: PublicJwk): readonly KeyRecord[] {
  const wanted = thumbprint(jwk);
  return keyring.keys.filter(({ publicJwk }) => publicJwk !== undefined && thumbprint(publicJwk) === wanted);
}
