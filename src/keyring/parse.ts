import type { PublicJwk } from "../algorithms/jwk.js";
import { findAlgorithm } from "../algorithms/table.js";
import { isObject } from "../encoding/list-of.js";
import { ownMember } from "../encoding/own-member.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError, shortened } from "../errors.js";
import { isCustodyName, KEY_ORIGINS, KEY_STATES, type KeyRecord } from "./key-record.js";
import {
  ACTIVATION_CAUSES,
  type ActivationIntent,
  type Allocation,
  type AuditHead,
  type EndedKey,
  KEYRING_VERSIONS,
  type KeyFiles,
  type Keyring,
  type LastPlace,
  type Lease,
  type PolicyInForce,
  type RotationRequest,
  type StrayKey,
} from "./keyring.js";

/**
 * Reads a keyring. Nothing is guessed: a member that is missing, unknown or of the wrong kind makes it damaged, because an
 * empty or half-read keyring would make a manager create keys that it already has.
 *
 * @param text its JSON
 * @param where names its place in errors
 * @throws SignetError `keyring_damaged` or `keyring_version`
 */
export function parseKeyring(text: string, where: string): Keyring {
  let value: unknown;
  try {
    value = parseStrictJson(text, where);
  } catch (error) {
    throw damaged(where, "it is not JSON", error);
  }
  if (!isObject(value)) throw damaged(where, "it is not an object");
  if (!KEYRING_VERSIONS.some((version) => version === value.version)) {
    throw new SignetError(
      "keyring_version",
      `${where} has a keyring version that this signet does not know; it reads versions ${KEYRING_VERSIONS.join(" and ")}: use the signet that wrote it`,
    );
  }
  const keyring: Keyring =
    value.version === 1 ? checked<Keyring1>(value, KEYRING_1, "", where) : checked<Keyring>(value, KEYRING_2, "", where);
  assertConsistent(keyring, where);
  return keyring;
}

/** The keyring as text: what `parseKeyring` reads. Equal keyrings give equal texts. In version 1 it is without what came with 2. */
export function keyringText(keyring: Keyring): string {
  return `${JSON.stringify(keyring.version === 1 ? asVersion1(keyring) : keyring, null, 2)}\n`;
}

// Managers of the version before may still have to read it: what they do not know, they would call damaged.
function asVersion1(keyring: Keyring): object {
  const known = <T extends object>(value: T, shape: object) =>
    Object.fromEntries(Object.entries(value).filter(([name]) => Object.hasOwn(shape, name)));
  const { activation, policy, keys } = keyring;
  return known(
    {
      ...keyring,
      policy: known(policy, POLICY_1),
      activation: activation === null ? null : known(activation, ACTIVATION_1),
      keys: keys.map((key) => known(key, KEY_1)),
    },
    KEYRING_1,
  );
}

type Check = (value: unknown, path: string, where: string) => void;
type Shape<T> = { readonly [Name in keyof Required<T>]: { readonly check: Check; readonly optional?: true } };
/** What version 1 had: never changed. */
type Shape1<T, Since2 extends keyof T = never> = Shape<Omit<T, Since2>>;

const time: Check = count(0);
const flag: Check = (value, path, where) => {
  if (typeof value !== "boolean") throw damaged(where, `${path} is not true or false`);
};
const text: Check = (value, path, where) => {
  if (typeof value !== "string" || value === "") throw damaged(where, `${path} is not a text`);
};

const POLICY_1: Shape1<PolicyInForce, "byUpload"> = {
  version: { check: count(1) },
  rotateEverySeconds: { check: count(0) },
  publishAheadSeconds: { check: count(0) },
  activeKeyMaxAgeSeconds: { check: count(0) },
  clockSkewSeconds: { check: count(0) },
  maxTtlSeconds: { check: count(1) },
  allowsUnlimitedTokens: { check: flag },
  algorithm: { check: algorithm },
  custody: { check: custody },
};

const LEASE: Shape<Lease> = {
  holder: { check: text },
  manager: { check: text },
  generation: { check: count(1) },
  expiresAt: { check: time },
};

const ACTIVATION_1: Shape1<ActivationIntent, "endless" | "maxAgeSeconds"> = {
  id: { check: text },
  sequence: { check: count(1) },
  maxTtlSeconds: { check: count(1) },
  because: { check: oneOf(ACTIVATION_CAUSES) },
  intendedAt: { check: time },
  readBackAt: { check: time, optional: true },
};

const ALLOCATION: Shape<Allocation> = {
  sequence: { check: count(1) },
  freedAt: { check: time, optional: true },
};

const ROTATION_REQUEST_1: Shape1<RotationRequest, "uploaded"> = {
  requestedAt: { check: time },
};

const AUDIT: Shape<AuditHead> = {
  count: { check: count(0) },
  head: { check: anyText },
  entry: { check: anyText },
};

const KEY_1: Shape1<KeyRecord, "keyArn" | "unprovenAt"> = {
  id: { check: text },
  state: { check: oneOf(KEY_STATES) },
  alg: { check: algorithm },
  custody: { check: custody },
  origin: { check: oneOf(KEY_ORIGINS) },
  publicJwk: { check: jwk, optional: true },
  creatingAt: { check: time },
  pendingAt: { check: time, optional: true },
  publishedAt: { check: time, optional: true },
  activatedAt: { check: time, optional: true },
  retiredAt: { check: time, optional: true },
  revokedAt: { check: time, optional: true },
  reason: { check: text, optional: true },
  materialLostAt: { check: time, optional: true },
  maxTtlSeconds: { check: count(1), optional: true },
  maxAgeSeconds: { check: count(0), optional: true },
  signedWithoutExpiry: { check: flag, optional: true },
  tokensExpireBy: { check: time, optional: true },
};

type Keyring1 = Omit<Keyring, "ended" | "strays" | "keyFiles" | "lastPlace">;

const KEYRING_1: Shape1<Keyring1> = {
  version: { check: count(1) },
  issuer: { check: nullOr(text) },
  policy: { check: shaped(POLICY_1) },
  lease: { check: nullOr(shaped(LEASE)) },
  leases: { check: count(0) },
  lastSequence: { check: count(0) },
  confirmedSequence: { check: count(0) },
  activation: { check: nullOr(shaped(ACTIVATION_1)) },
  allocations: { check: listOf(ALLOCATION) },
  rotationRequest: { check: nullOr(shaped(ROTATION_REQUEST_1)) },
  rotationToken: { check: text, optional: true },
  sweptAt: { check: nullOr(time) },
  audit: { check: shaped(AUDIT) },
  noticed: { check: count(0), optional: true },
  keys: { check: listOf(KEY_1) },
};

const POLICY_2: Shape<PolicyInForce> = { ...POLICY_1, byUpload: { check: flag, optional: true } };

const ROTATION_REQUEST_2: Shape<RotationRequest> = { ...ROTATION_REQUEST_1, uploaded: { check: text, optional: true } };

const ACTIVATION_2: Shape<ActivationIntent> = {
  ...ACTIVATION_1,
  endless: { check: flag, optional: true },
  maxAgeSeconds: { check: count(1), optional: true },
};

const KEY_2: Shape<KeyRecord> = {
  ...KEY_1,
  unprovenAt: { check: time, optional: true },
  keyArn: { check: text, optional: true },
};

const ENDED: Shape<EndedKey> = {
  id: { check: text },
  kid: { check: text, optional: true },
  custody: { check: custody },
  keyArn: { check: text, optional: true },
  endedAt: { check: time },
  absentAt: { check: time, optional: true },
};

const STRAY: Shape<StrayKey> = {
  custody: { check: custody },
  name: { check: text },
  seenAt: { check: time },
  endedSeenAt: { check: time, optional: true },
};

const KEY_FILES: Shape<KeyFiles> = {
  encrypted: { check: flag },
  check: { check: text, optional: true },
};

const LAST_PLACE: Shape<LastPlace> = {
  digest: { check: text },
  at: { check: time },
};

const KEYRING_2: Shape<Keyring> = {
  ...KEYRING_1,
  policy: { check: shaped(POLICY_2) },
  activation: { check: nullOr(shaped(ACTIVATION_2)) },
  rotationRequest: { check: nullOr(shaped(ROTATION_REQUEST_2)) },
  keys: { check: listOf(KEY_2) },
  ended: { check: listOf(ENDED) },
  strays: { check: listOf(STRAY), optional: true },
  keyFiles: { check: shaped(KEY_FILES), optional: true },
  lastPlace: { check: shaped(LAST_PLACE), optional: true },
};

function checked<T>(value: unknown, shape: Shape<T>, path: string, where: string): T {
  if (!isObject(value)) throw damaged(where, `${path || "it"} is not an object`);
  const prefix = path === "" ? "" : `${path}.`;
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(shape, name))
      throw damaged(where, `it has a member ${prefix}${shortened(name)} that this version does not know`);
  }
  for (const [name, member] of Object.entries<{ check: Check; optional?: true }>(shape)) {
    const present = Object.hasOwn(value, name);
    if (!present && member.optional !== true) throw damaged(where, `${prefix}${name} is missing`);
    if (present) member.check(ownMember(value, name), prefix + name, where);
  }
  return value as T;
}

function shaped<T>(shape: Shape<T>): Check {
  return (value, path, where) => void checked(value, shape, path, where);
}

function listOf<T>(shape: Shape<T>): Check {
  return (value, path, where) => {
    if (!Array.isArray(value)) throw damaged(where, `${path} is not a list`);
    value.forEach((entry, index) => {
      checked(entry, shape, `${path}[${index}]`, where);
    });
  };
}

function anyText(value: unknown, path: string, where: string): void {
  if (typeof value !== "string") throw damaged(where, `${path} is not a text`);
}

function jwk(value: unknown, path: string, where: string): void {
  if (!isObject(value) || !Object.values(value).every((member) => typeof member === "string")) {
    throw damaged(where, `${path} is not a public key`);
  }
  for (const name of ["kty", "use", "alg", "kid"] as const) text(value[name], `${path}.${name}`, where);
  for (const name of ["d", "p", "q", "priv", "k"] as const) {
    if (name in value) throw damaged(where, `${path} holds a private part; remove the file from wherever it was shared`);
  }
}

// Rules between records: what no manager ever writes.
function assertConsistent(keyring: Keyring, where: string): void {
  const unique = (values: readonly (string | undefined)[], what: string): void => {
    const present = values.filter((value) => value !== undefined);
    if (new Set(present).size !== present.length) throw damaged(where, `two keys have the same ${what}`);
  };
  unique(
    keyring.keys.map((key) => key.id),
    "id",
  );
  unique(
    keyring.keys.map((key) => key.publicJwk?.kid),
    "kid",
  );
  if (keyring.keys.filter((key) => key.state === "active").length > 1) throw damaged(where, "two keys are active");
  // An id is used once: what it names may be destroyed when it has ended.
  const isOver = new Set(keyring.ended?.map(({ id }) => id));
  const revived = keyring.keys.find(({ id }) => isOver.has(id));
  if (revived !== undefined) throw damaged(where, `key ${revived.id} is listed, and has ended`);
  if (keyring.activation !== null && !keyring.keys.some((key) => key.id === keyring.activation?.id)) {
    throw damaged(where, "the key that is being activated is not listed");
  }
  const { keyFiles } = keyring;
  if (keyFiles !== undefined && keyFiles.encrypted !== (keyFiles.check !== undefined)) {
    throw damaged(where, "keyFiles.check has to be there where key files are encrypted, and nowhere else");
  }
  for (const key of keyring.keys) {
    const jwkOfKey: PublicJwk | undefined = key.publicJwk;
    if (jwkOfKey === undefined && key.state !== "creating") throw damaged(where, `key ${key.id} has no public key`);
    if (jwkOfKey !== undefined && jwkOfKey.alg !== key.alg) throw damaged(where, `key ${key.id} has two algorithms`);
  }
}

function count(smallest: number): Check {
  return (value, path, where) => {
    if (!Number.isSafeInteger(value) || (value as number) < smallest) {
      throw damaged(where, `${path} is not a whole number from ${smallest}`);
    }
  };
}

function oneOf(values: readonly string[]): Check {
  return (value, path, where) => {
    if (!values.includes(value as string)) throw damaged(where, `${path} is none of ${values.join(", ")}`);
  };
}

function nullOr(check: Check): Check {
  return (value, path, where) => {
    if (value !== null) check(value, path, where);
  };
}

function custody(value: unknown, path: string, where: string): void {
  if (!isCustodyName(value)) throw damaged(where, `${path} names no custodian`);
}

function algorithm(value: unknown, path: string, where: string): void {
  if (findAlgorithm(value) === undefined) throw damaged(where, `${path} is not a known algorithm`);
}

function damaged(where: string, what: string, cause?: unknown): SignetError {
  return new SignetError("keyring_damaged", `${where} is damaged: ${what}. Restore it from a backup; do not delete it`, {
    cause,
  });
}
