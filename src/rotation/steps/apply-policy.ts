import type { AlgorithmName } from "../../algorithms/table.js";
import { SignetError } from "../../errors.js";
import type { Custody, KeyRecord } from "../../keyring/key-record.js";
import { activeRecord, type Keyring, type PolicyInForce } from "../../keyring/keyring.js";
import { assertPolicy, policyOf, type RotationSettings } from "../plan/policy.js";
import { signingUnder } from "../plan/records.js";
import { type Context, custodianOf } from "../session/context.js";
import { type Session, writableVersion } from "../session/session.js";

/** How settings are put in force. */
export interface ApplyRequest {
  /** Another algorithm or custody than the settings' own: a migration. */
  readonly algorithm?: AlgorithmName;
  readonly custody?: Custody;
  /** Keeps algorithm, custody and the word on tokens without expiry as they are in force, whatever the settings say. */
  readonly keepsKeys?: true;
  /** What every verifier accepts, by the operator's word; needed for another algorithm. */
  readonly verifiersAccept?: readonly AlgorithmName[];
  /** Also asks for a rotation to the first key under the new policy. */
  readonly rotate?: boolean;
  /** Also keeps key files from now on as the present passphrase says, or its absence. */
  readonly keyFiles?: boolean;
}

/**
 * Puts settings in force. What tokens may need from now on is recorded with the keys that sign before any issuer can read of it.
 *
 * @returns what changed, in words; `null` where nothing did
 * @throws SignetError `plan_refused` where the policy cannot be kept, or verifiers may not accept its algorithm
 */
export async function applyPolicy(context: Context, session: Session, request: ApplyRequest): Promise<string | null> {
  const { settings } = context;
  const before = session.keyring().policy;
  const { keepsKeys = false, verifiersAccept = [] } = request;
  const { algorithm, custody, allowsUnlimitedTokens } = { ...settings, ...(keepsKeys ? before : request) };
  const next = policyOf({ ...settings, algorithm, custody, allowsUnlimitedTokens }, before.version);
  if (JSON.stringify(next) === JSON.stringify(before)) return null;
  assertPolicy(next);
  if (next.byUpload === true && (await writableVersion(context)) === 1) {
    const why =
      "byUpload cannot be put in force while a stack of an earlier version is being updated: update it first, then set this";
    throw new SignetError("plan_refused", why, { field: "rotation.byUpload" });
  }
  // Every verifier accepts the algorithm of the key that signs.
  const signing = activeRecord(session.keyring());
  assertAccepted(before, next, signing === undefined ? verifiersAccept : [...verifiersAccept, signing.alg]);
  custodianOf(context, { custody });
  const policy = { ...next, version: before.version + 1 };
  const changed = Object.entries(policy).flatMap(([name, value]) =>
    name !== "version" && value !== before[name as keyof PolicyInForce] ? [`${name}: ${value}`] : [],
  );
  await session.change(
    (keyring) => ({
      ...keyring,
      policy,
      keys: keyring.keys.map((key) => (isSigning(keyring, key) ? signingUnder(key, policy) : key)),
    }),
    { event: "policy.changed", why: changed.join(", "), policy },
  );
  return changed.join(", ");
}

/**
 * Refuses settings of another issuer: with another `iss`, every verifier would refuse every token.
 *
 * @throws SignetError `plan_refused`
 */
export function assertSameIssuer(settings: RotationSettings, keyring: Keyring): void {
  if (settings.issuer === keyring.issuer) return;
  throw new SignetError(
    "plan_refused",
    `the keyring belongs to ${keyring.issuer ?? "an issuer without a URL"}, the settings to ${settings.issuer ?? "one without"}: ` +
      "set the issuer's URL back, or make a new installation for the new one",
    { field: "issuer" },
  );
}

// Any key that issuers may read of: the active one, the next one, and one that was passed over.
function isSigning({ activation }: Keyring, key: KeyRecord): boolean {
  return key.state === "active" || key.id === activation?.id || (key.state === "pending" && key.maxTtlSeconds !== undefined);
}

/**
 * Refuses another algorithm until the operator has said that the verifiers accept it: Signet cannot find that out.
 *
 * @param verifiersAccept the algorithms that every verifier accepts, by the operator's word
 * @throws SignetError `plan_refused`
 */
function assertAccepted(before: PolicyInForce, next: PolicyInForce, verifiersAccept: readonly AlgorithmName[]): void {
  if (next.algorithm === before.algorithm || verifiersAccept.includes(next.algorithm)) return;
  throw new SignetError(
    "plan_refused",
    `from ${before.algorithm} to ${next.algorithm}: many verifiers pin an algorithm, and some read discovery ` +
      "only once (go-oidc: `unexpected signature algorithm`). Set each of them to accept both, restart those, " +
      `then give --verifiers-accept ${next.algorithm}`,
    { field: "algorithm" },
  );
}
