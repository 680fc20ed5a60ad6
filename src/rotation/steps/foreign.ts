import { type PublicJwk, publicJwk, publicKeyFromJwk } from "../../algorithms/jwk.js";
import { assertHardModulus } from "../../algorithms/rsa-modulus.js";
import { algorithmNamed } from "../../algorithms/table.js";
import { SignetError } from "../../errors.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import { MAX_PUBLISHED_KEYS, recordByKid } from "../../keyring/keyring.js";
import { MOVING_SLOTS, permanentKeys } from "../plan/policy.js";
import { madeKey, withRecord } from "../plan/records.js";
import type { Context } from "../session/context.js";
import type { Session } from "../session/session.js";
import { assertKid } from "./import-key.js";

/** Public keys of another issuer, whose tokens shall go on being accepted under this one's JWKS. */
export interface ForeignKeys {
  /** JWKs with `kid` and `alg`. Nothing else of them is published but the public parameters. */
  readonly keys: readonly PublicJwk[];
  /** When the last of their tokens ends; without it they stay until `tokensExpireBy` is told. */
  readonly tokensExpireBy?: number;
}

/**
 * Records foreign public keys as retired, so that a move between issuers breaks no verifier. Keys that are listed already are left
 * as they are.
 *
 * @returns the kids that are new
 * @throws SignetError `invalid_key` for a key that is not usable, `plan_refused` where the keyring has no room
 */
export async function importForeign(context: Context, session: Session, request: ForeignKeys): Promise<readonly string[]> {
  const wanted = request.keys.map(cleaned).filter((jwk) => !isListed(session, jwk));
  if (wanted.length === 0) return [];
  const keyring = session.keyring();
  const taken = keyring.keys.filter((key) => key.state !== "revoked").length + wanted.length;
  const permanent = permanentKeys(keyring) + (request.tokensExpireBy === undefined ? wanted.length : 0);
  const most = MAX_PUBLISHED_KEYS - MOVING_SLOTS;
  // Two standbys and the active key come first: a JWKS that is full of foreign keys could never rotate. A migration has more of them.
  const standbys = keyring.keys.filter((key) => key.state === "pending").length;
  if (permanent > most || taken > Math.min(MAX_PUBLISHED_KEYS, most + 1 + standbys)) {
    throw new SignetError(
      "plan_refused",
      `${wanted.length} more keys leave too little room to rotate: ${MAX_PUBLISHED_KEYS} can be published; give --tokens-expire-by, or fewer`,
    );
  }
  const now = await session.time();
  const records = wanted.map((jwk): KeyRecord & { readonly publicJwk: PublicJwk } => ({
    id: context.randomId(),
    state: "retired",
    alg: jwk.alg,
    custody: keyring.policy.custody,
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
  return kids;
}

/** When the last token of a key ends, by the operator's word. */
export interface ExpiryRequest {
  readonly kid: string;
  /** NumericDate. */
  readonly tokensExpireBy: number;
}

/**
 * Records the operator's word that none of a key's tokens is accepted after a time.
 *
 * @throws SignetError `key_not_found`
 */
export async function recordExpiry(session: Session, kid: string, tokensExpireBy: number): Promise<void> {
  const record = recordByKid(session.keyring(), kid);
  if (record === undefined) throw new SignetError("key_not_found", "the keyring has no key of this kid");
  if (record.tokensExpireBy === tokensExpireBy) return;
  await session.change((keyring) => withRecord(keyring, record.id, (key) => ({ ...key, tokensExpireBy })), {
    event: "key.expiry-set",
    keys: [kid],
    why: `no token after ${tokensExpireBy}`,
    tokensExpireBy,
  });
}

// Only what is understood is published, under the names that were checked.
function cleaned(jwk: PublicJwk): PublicJwk {
  assertKid(jwk.kid);
  const clean = publicJwk(publicKeyFromJwk(jwk), algorithmNamed(jwk.alg), jwk.kid);
  assertHardModulus(clean);
  return clean;
}

function isListed(session: Session, jwk: PublicJwk): boolean {
  const present = recordByKid(session.keyring(), jwk.kid);
  if (present === undefined) return false;
  if (JSON.stringify(present.publicJwk) === JSON.stringify(jwk)) return true;
  throw new SignetError("plan_refused", "the keyring has another key under a kid of this JWKS: the two cannot be told apart");
}
