import type { RotationRequest } from "../../keyring/keyring.js";
import type { AuditEntry, IntendedKey, MadeKey } from "../plan/audit-entry.js";

/** What became of one key, by entries of the audit log. */
export interface Fate {
  /** The key itself, where the entries tell of its making; older versions did not write it down. */
  readonly made?: MadeKey;
  /** What it was to be made by, where that is all that the entries say of it. */
  readonly intended?: IntendedKey;
  readonly intendedAt?: number;
  /** True where it came in by one of these entries. */
  readonly isNew?: true;
  readonly isImported?: true;
  /** Issuers may have read of it. */
  readonly hasSigned?: true;
  readonly activatedAt?: number;
  readonly revokedAt?: number;
  readonly reason?: string;
  readonly isDiscarded?: true;
  /** It was removed or abandoned. */
  readonly endedAt?: number;
  /** Verifiers may not have had it all the time. */
  readonly wasUnpublished?: true;
  readonly materialLostAt?: number;
  readonly tokensExpireBy?: number;
  /** It was to sign again: what was said before of its last token is over. */
  readonly isRecalled?: true;
}

/** What became of each key that entries name, by its kid, or by its id where it had none yet. */
export function fatesOf(entries: readonly AuditEntry[]): ReadonlyMap<string, Fate> {
  const fates = new Map<string, Fate>();
  for (const entry of entries) {
    for (const name of entry.keys ?? []) {
      const fate = after(fates.get(name) ?? {}, entry, name);
      if (fate !== undefined) fates.set(name, fate);
    }
  }
  return fates;
}

function after(fate: Fate, entry: AuditEntry, name: string): Fate | undefined {
  const { event, at } = entry;
  switch (event) {
    case "key.imported":
    case "key.made": {
      const made = entry.made?.find(({ publicJwk }) => publicJwk.kid === name) ?? fate.made;
      const isImported = event === "key.imported" || (fate.isImported && fate.endedAt === undefined);
      // A name may come again after its first key has gone.
      return { isNew: true, ...(isImported && { isImported }), ...(made && { made }) };
    }
    case "key.recalled": {
      const { tokensExpireBy: _, ...others } = fate;
      return { ...others, isRecalled: true, ...wordIn(entry) };
    }
    case "key.creation-started":
      return { ...(entry.intended !== undefined && { intended: entry.intended, intendedAt: at }) };
    case "key.activation-started":
      return { ...fate, hasSigned: true };
    case "key.activated":
      return { ...fate, hasSigned: true, activatedAt: at };
    case "key.revoked":
      return { ...fate, revokedAt: at, ...(entry.why !== undefined && { reason: entry.why }) };
    case "key.discarded":
      return { ...fate, isDiscarded: true };
    case "key.removed":
    case "key.abandoned":
      return { ...fate, endedAt: at };
    case "key.publication-restarted":
      return { ...fate, wasUnpublished: true };
    case "key.missing":
      return { ...fate, materialLostAt: at };
    case "key.expiry-set":
      return { ...fate, ...wordIn(entry) };
    default:
      return undefined;
  }
}

function wordIn({ tokensExpireBy }: AuditEntry): Pick<Fate, "tokensExpireBy"> {
  return tokensExpireBy === undefined ? {} : { tokensExpireBy };
}

/**
 * The rotation that was asked for and had not taken place, by entries of the audit log after a keyring. Where the key that signs is activated
 * once more, as under other limits, no rotation has taken place.
 *
 * @param signer the kid of the key that signed by that keyring
 */
export function requestAfter(
  before: RotationRequest | null,
  entries: readonly AuditEntry[],
  signer: string | undefined,
): RotationRequest | null {
  let [request, signs] = [before, signer];
  for (const { event, at, keys: [kid] = [] } of entries) {
    if (event === "rotation.withdrawn" || (event === "key.activated" && kid !== signs)) request = null;
    else if (event === "rotation.requested")
      request = kid === undefined ? (request ?? { requestedAt: at }) : { requestedAt: at, uploaded: kid };
    if (event === "key.activated") signs = kid;
  }
  return request;
}
