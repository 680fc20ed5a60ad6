import type { PublicJwk } from "../../algorithms/jwk.js";
import type { AlgorithmName } from "../../algorithms/table.js";
import { firstFew } from "../../encoding/first-few.js";
import { SignetError } from "../../errors.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import { type Keyring, MAX_PUBLISHED_KEYS, recordByKid } from "../../keyring/keyring.js";
import { MOVING_SLOTS, permanentKeys } from "../plan/policy.js";
import { madeKey } from "../plan/records.js";
import type { Context } from "../session/context.js";
import type { Session } from "../session/session.js";
import {
  asReported,
  type JudgedKeys,
  judgeForeign,
  type RefusedKey,
  type SkippedKey,
  type UsableKey,
  wordsOf,
} from "./foreign-keys.js";
import { revokedBefore } from "./revoked-before.js";

/** Public keys of another issuer, whose tokens shall go on being accepted under this one's JWKS. */
export interface ForeignKeys {
  /** What its JWKS lists. Nothing else of a key is published but `kty use alg kid` and its public parameters. */
  readonly keys: readonly unknown[];
  /** The kids of those that are wanted; all by default. */
  readonly kids?: readonly string[] | undefined;
  /** What RSA keys sign that do not name their `alg`. */
  readonly algorithm?: AlgorithmName | undefined;
  /** When the last of their tokens ends; without it they stay until `tokensExpireBy` is told. */
  readonly tokensExpireBy?: number;
}

/** What became of another issuer's keys. */
export interface ForeignImport {
  /** The kids that are new. */
  readonly kids: readonly string[];
  /** The entries that are not published, and why. */
  readonly skipped: readonly SkippedKey[];
}

/**
 * Records foreign public keys as retired, so that a move between issuers breaks no verifier. Keys that are listed already are left
 * as they are, and none that was revoked here is published again. Of a set only what this issuer's own verifiers would use is published.
 *
 * @throws SignetError the fault of a key where none can be published, or one that was asked for; `key_not_found`; `plan_refused` where
 *   the keyring has no room
 */
export async function importForeign(context: Context, session: Session, request: ForeignKeys): Promise<ForeignImport> {
  const judged = judgeForeign(request);
  const { usable, skipped } = withoutListed(session.keyring(), judged, request, await revokedBefore(context, session.keyring()));
  if (usable.length === 0) {
    // What was left aside by right is no reason to fail the same import the second time.
    const fault = skipped.find(({ isAside }) => !isAside || judged.usable.length === 0);
    if (fault !== undefined) throw nothingToPublish(skipped, fault.fault);
    return { kids: [], skipped: skipped.map(asReported) };
  }
  const wanted = usable.map(({ jwk }) => jwk);
  assertRoom(session.keyring(), wanted.length, request.tokensExpireBy);
  const now = await session.time();
  const records = wanted.map((jwk): KeyRecord & { readonly publicJwk: PublicJwk } => ({
    id: context.randomId(),
    state: "retired",
    alg: jwk.alg,
    custody: session.keyring().policy.custody,
    origin: "foreign",
    publicJwk: jwk,
    creatingAt: now,
    retiredAt: now,
    ...(request.tokensExpireBy === undefined ? {} : { tokensExpireBy: request.tokensExpireBy }),
  }));
  const kids = wanted.map((jwk) => jwk.kid);
  await session.change((before) => ({ ...before, keys: [...before.keys, ...records] }), {
    event: "key.imported",
    keys: kids,
    why: "public keys of another issuer",
    made: records.map((record) => madeKey(record)),
  });
  return { kids, skipped: skipped.map(asReported) };
}

function assertRoom(keyring: Keyring, more: number, tokensExpireBy: number | undefined): void {
  const taken = keyring.keys.filter((key) => key.state !== "revoked").length + more;
  const permanent = permanentKeys(keyring) + (tokensExpireBy === undefined ? more : 0);
  const most = MAX_PUBLISHED_KEYS - MOVING_SLOTS;
  // Two standbys and the active key come first: a JWKS that is full of foreign keys could never rotate. A migration has more of them.
  const standbys = keyring.keys.filter((key) => key.state === "pending").length;
  if (permanent <= most && taken <= Math.min(MAX_PUBLISHED_KEYS, most + 1 + standbys)) return;
  throw new SignetError(
    "plan_refused",
    `${more} more keys leave too little room to rotate: ${MAX_PUBLISHED_KEYS} can be published; give --tokens-expire-by, or fewer, by --kid`,
  );
}

function nothingToPublish(skipped: readonly RefusedKey[], first: SignetError): SignetError {
  const { code, field } = first;
  return new SignetError(code, `no key of this set can be published: ${firstFew(skipped.map(wordsOf))}`, {
    cause: first,
    ...(field !== undefined && { field }),
  });
}

function withoutListed(
  keyring: Keyring,
  { usable, refused }: JudgedKeys,
  { kids }: ForeignKeys,
  refusalOf: (jwk: PublicJwk) => SignetError | undefined,
): { usable: readonly UsableKey[]; skipped: readonly RefusedKey[] } {
  const skipped = [...refused];
  const left = usable.filter((each) => {
    const present = recordByKid(keyring, each.jwk.kid);
    const fault = refusalOf(each.jwk);
    // Of a whole set it is left aside by right; who asks for it is told.
    if (fault !== undefined) skipped.push({ ...each, isAside: kids === undefined, fault });
    if (present === undefined || fault !== undefined) return fault === undefined;
    if (JSON.stringify(present.publicJwk) !== JSON.stringify(each.jwk)) {
      const words = "the keyring has another key under its kid: the two cannot be told apart";
      skipped.push({ ...each, isAside: false, fault: new SignetError("plan_refused", words) });
    }
    return false;
  });
  return { usable: left, skipped };
}
