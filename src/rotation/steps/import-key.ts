import type { KeyObject } from "node:crypto";
import { type PublicJwk, publicJwk, thumbprint } from "../../algorithms/jwk.js";
import { assertHardModulus } from "../../algorithms/rsa-modulus.js";
import { type AlgorithmName, algorithmNamed } from "../../algorithms/table.js";
import { type Custodian, canAdopt, canImport } from "../../custody/contract.js";
import { SignetError } from "../../errors.js";
import type { Custody, KeyRecord } from "../../keyring/key-record.js";
import { activeRecord, type Keyring, MAX_PUBLISHED_KEYS, recordByKid } from "../../keyring/keyring.js";
import { MOVING_SLOTS, permanentKeys } from "../plan/policy.js";
import { madeKey, withRecord } from "../plan/records.js";
import { type Context, custodianOf } from "../session/context.js";
import type { Session } from "../session/session.js";
import { keptAlike } from "./kept-alike.js";
import { finishMaking } from "./make-key.js";

/** A private key made elsewhere. */
interface HandedOver {
  readonly privateKey: KeyObject;
  /** Its name; the RFC 7638 thumbprint when absent. */
  readonly kid?: string;
}

/** A key that the custodian's service has already. */
interface ExistingKey {
  /** The service's name for it. */
  readonly existing: string;
}

/** A key to take over. */
export type ImportedKey = (HandedOver | ExistingKey) & {
  readonly algorithm: AlgorithmName;
  readonly custody: Custody;
  /** The operator's word on when the last token ends that it signed elsewhere (NumericDate). */
  readonly tokensExpireBy?: number;
};

/** What an import is asked for. */
export type ImportRequest = ImportedKey & {
  /** `active` only for an issuer that has no active key yet. */
  readonly as: "standby" | "active";
};

/** An import that was admitted: the key's public part, and its new record, unless the keyring has the key already. */
export interface Admission {
  readonly publicJwk: PublicJwk;
  readonly record?: KeyRecord;
}

/**
 * Records that a key shall be imported. Importing the same key again is success.
 *
 * @throws SignetError `plan_refused` where the keyring cannot take it, `invalid_key` where the custodian takes no keys
 */
export async function admitImport(context: Context, session: Session, request: ImportRequest): Promise<Admission> {
  const algorithm = algorithmNamed(request.algorithm);
  const wanted = await publicPartOf(custodianOf(context, request), request);
  assertKid(wanted.kid);
  assertHardModulus(wanted);
  const present = recordByKid(session.keyring(), wanted.kid);
  if (present !== undefined) return { publicJwk: alreadyThere(session.keyring(), present, wanted, request) };
  assertNewKey(session.keyring(), wanted);
  assertRoom(session.keyring(), request);
  const custodian = custodianOf(context, request);
  const kept = await keptAlike(session.keyring(), custodian);
  const record = {
    id: context.randomId(),
    state: "creating" as const,
    alg: algorithm.name,
    custody: request.custody,
    origin: "imported" as const,
    publicJwk: wanted,
    creatingAt: await session.time(),
    ...(request.tokensExpireBy !== undefined && { tokensExpireBy: request.tokensExpireBy }),
  } satisfies KeyRecord;
  await session.change((keyring) => ({ ...keyring, ...kept, keys: [...keyring.keys, record] }), {
    event: "key.imported",
    keys: [wanted.kid],
    made: [madeKey(record)],
  });
  return { publicJwk: wanted, record };
}

/**
 * Records an imported key and hands it to its custodian.
 *
 * @throws SignetError as `admitImport`, and what the custodian throws
 */
export async function importInto(context: Context, session: Session, request: ImportRequest): Promise<PublicJwk> {
  const { publicJwk: wanted, record } = await admitImport(context, session, request);
  if (record === undefined) return wanted;
  await session.check();
  const kept = await handOver(custodianOf(context, request), record.id, request);
  if (kept.kid !== wanted.kid) {
    await session.change((keyring) => withRecord(keyring, record.id, (key) => ({ ...key, publicJwk: kept })));
  }
  await finishMaking(context, session, record.id);
  return kept;
}

async function publicPartOf(custodian: Custodian, request: ImportRequest): Promise<PublicJwk> {
  const algorithm = algorithmNamed(request.algorithm);
  if ("existing" in request) return canAdopt(custodian) ? custodian.describe(request.existing, algorithm) : takesNone(custodian);
  return canImport(custodian) ? publicJwk(request.privateKey, algorithm, request.kid) : takesNone(custodian);
}

async function handOver(custodian: Custodian, id: string, request: ImportRequest): Promise<PublicJwk> {
  const algorithm = algorithmNamed(request.algorithm);
  if ("existing" in request) return canAdopt(custodian) ? custodian.adopt(id, request.existing, algorithm) : takesNone(custodian);
  if (!canImport(custodian)) return takesNone(custodian);
  return custodian.importKey(id, request.privateKey, algorithm, request.kid);
}

function takesNone({ custody }: Custodian): never {
  throw new SignetError("invalid_key", `${custody} takes no such keys made elsewhere; choose another custody`);
}

function alreadyThere(keyring: Keyring, present: KeyRecord, wanted: PublicJwk, { as }: ImportRequest): PublicJwk {
  const isSame = JSON.stringify(present.publicJwk) === JSON.stringify(wanted) && present.origin === "imported";
  const isPlace = as === "active" ? activeRecord(keyring) === present || activeRecord(keyring) === undefined : true;
  if (isSame && isPlace && (present.state === "pending" || present.state === "active")) return wanted;
  throw new SignetError("plan_refused", `the keyring has a key of this name already (${present.state}); give another --kid`);
}

function assertNewKey(keyring: Keyring, wanted: PublicJwk): void {
  const same = recordOfSameKey(keyring, wanted);
  if (same === undefined) return;
  throw new SignetError("plan_refused", `the keyring has this very key already, as ${same.publicJwk?.kid} (${same.state})`);
}

function assertRoom(keyring: Keyring, { as, tokensExpireBy }: ImportRequest): void {
  if (as === "active" && (activeRecord(keyring) !== undefined || keyring.confirmedSequence > 0 || keyring.activation !== null)) {
    throw new SignetError("plan_refused", "this issuer has an active key already: import the key as a standby and rotate");
  }
  if (keyring.keys.filter((key) => key.state !== "revoked").length >= MAX_PUBLISHED_KEYS) {
    throw new SignetError("plan_refused", `the JWKS is full: some verifiers read no more than ${MAX_PUBLISHED_KEYS} keys`);
  }
  if (tokensExpireBy === undefined && permanentKeys(keyring) + 1 > MAX_PUBLISHED_KEYS - MOVING_SLOTS) {
    throw new SignetError(
      "plan_refused",
      `an imported key stays until --tokens-expire-by is given, and ${MOVING_SLOTS} of ${MAX_PUBLISHED_KEYS} places must stay free to move`,
    );
  }
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

/**
 * Finds the record of the same key, whatever its name and algorithm. A key under two names could be revoked under one and go on
 * signing under the other.
 */
function recordOfSameKey(keyring: Keyring, { kid: _, ...jwk }: PublicJwk): KeyRecord | undefined {
  const wanted = thumbprint(jwk);
  return keyring.keys.find(({ publicJwk }) => publicJwk !== undefined && thumbprint(publicJwk) === wanted);
}
