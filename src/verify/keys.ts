import type { PublicJwk } from "../algorithms/jwk-members.js";
import { algorithmsOfJwk, isForSignatures, isSameKey, kidOfJwk } from "../algorithms/jwk-purpose.js";
import type { Algorithm, AlgorithmName } from "../algorithms/table.js";
import { invalidOption } from "../encoding/options.js";
import { isSignetError, SignetError } from "../errors.js";
import type { ReadHeader } from "./header.js";

/** Tells whether a signature belongs to a signing input: at once, or later where the runtime computes it elsewhere. */
export type SignatureCheck<Answer = boolean> = (signingInput: string, signature: Uint8Array) => Answer;

/** Makes the check of a JWK that names its `alg`. @throws SignetError the fault of the key */
export type BindKey<Answer> = (jwk: PublicJwk, algorithm: Algorithm) => SignatureCheck<Answer>;

/** The keys, and how a token must name one. */
export interface KeyChecks {
  /** The issuer's public keys: its JWKS (RFC 7517 section 5). Each key is pinned to the `alg` that its JWK names. */
  readonly keys: { readonly keys: readonly (PublicJwk | Readonly<Record<string, unknown>> | null)[] };
  /** Narrows the algorithms; needed where an RSA key does not name its own, because it could be used with six. */
  readonly algorithms?: readonly AlgorithmName[] | undefined;
  /** True refuses every token without `kid`. By default one is accepted where no more than one key can be meant. */
  readonly requireKid?: boolean | undefined;
}

type Jwk = Readonly<Record<string, unknown>>;

/** What stands for one algorithm of one key: its check, or the fault of the key. */
type Pinned<Answer> = SignatureCheck<Answer> | SignetError;

/** The pinned algorithms of all keys of one name. */
type NamedKey<Answer> = Map<AlgorithmName, { readonly jwk: Jwk; readonly pinned: Pinned<Answer> }>;

/**
 * Binds keys, and answers the function that finds the check for a header. The algorithm is the key's, never the token's. Keys
 * for other uses are left out. A key that cannot be used (damaged, too weak, an algorithm that this Node lacks) fails the tokens
 * that name it and leaves the other keys alone.
 *
 * @param checks options as `readVerifierOptions` answers them
 * @throws SignetError `config_invalid`, or a key's own fault, where no key can be used
 * @throws (the bound function) SignetError `token_kid_missing`, `token_key_unknown`, `token_algorithm_refused`, or the key's own
 *   fault: `algorithm_unavailable`, `invalid_key` or `key_too_weak`
 */
export function keyFinder<Answer>(checks: KeyChecks, bind: BindKey<Answer>): (read: ReadHeader) => SignatureCheck<Answer> {
  const byKid = namedKeys(checks, bind);
  const all = [...byKid.values()].flatMap((key) => [...key.values()]);
  if (!all.some(isUsable)) {
    throw all[0]?.pinned ?? invalidOption("keys", "has no key that verifies signatures by an accepted algorithm");
  }
  // A key without a name, from a PEM for example, can be told from others only where there are none: then no kid contradicts it.
  const unnamed = byKid.size === 1 ? byKid.get(undefined) : undefined;
  // One that cannot be used has signed no token that is good.
  const usable = [...byKid.values()].filter((key) => [...key.values()].some(isUsable));
  const sole = usable.length === 1 ? usable[0] : undefined;

  return ({ header: { kid }, algorithm }) => {
    if (kid === undefined && (checks.requireKid ?? !sole)) {
      throw new SignetError("token_kid_missing", "Token has no Key ID");
    }
    const key = unnamed ?? (kid === undefined ? sole : byKid.get(kid));
    if (key === undefined) {
      throw new SignetError("token_key_unknown", "the token names a key that the issuer does not publish");
    }
    const pinned = key.get(algorithm.name)?.pinned;
    if (pinned === undefined) throw new SignetError("token_algorithm_refused", "the token's alg is not its key's");
    if (typeof pinned === "function") return pinned;
    throw new SignetError(pinned.code, pinned.message, { cause: pinned });
  };
}

function isUsable({ pinned }: { readonly pinned: unknown }): boolean {
  return typeof pinned === "function";
}

function namedKeys<Answer>({ keys, algorithms }: KeyChecks, bind: BindKey<Answer>): Map<unknown, NamedKey<Answer>> {
  const byKid = new Map<unknown, NamedKey<Answer>>();
  for (const jwk of keys.keys.filter(isForSignatures)) {
    const kid = kidOfJwk(jwk);
    let shared: Pinned<Answer> | undefined;
    for (const algorithm of algorithmsOfJwk(jwk, algorithms)) {
      const key: NamedKey<Answer> = byKid.get(kid) ?? new Map();
      const known = key.get(algorithm.name);
      // RFC 7517 section 4.5 lets keys of different kinds share a name; two of one kind leave open which of them signed. One key
      // may be there twice, under both names of its algorithm too.
      if (known && isSameKey(known.jwk, jwk)) continue;
      shared = (jwk.kty === "OKP" ? shared : undefined) ?? pin(jwk, algorithm, algorithms, bind);
      byKid.set(kid, key.set(algorithm.name, { jwk, pinned: known ? ambiguous() : shared }));
    }
  }
  return byKid;
}

function ambiguous(): SignetError {
  return new SignetError("config_invalid", "two keys have the same kid, or none, and the same alg; give each its own kid", {
    field: "keys",
  });
}

function pin<Answer>(jwk: Jwk, algorithm: Algorithm, names: KeyChecks["algorithms"], bind: BindKey<Answer>): Pinned<Answer> {
  if (jwk.alg == null && jwk.kty === "RSA" && !names) {
    return new SignetError("invalid_key", "an RSA key does not name its alg: give the option algorithms", {
      field: "algorithms",
    });
  }
  try {
    return bind({ ...jwk, alg: algorithm.name } as PublicJwk, algorithm);
  } catch (error) {
    if (isSignetError(error)) return error;
    throw error;
  }
}
