import { isForSignatures, kidOfJwk } from "../algorithms/jwk-purpose.js";
import { isLoopback } from "../encoding/loopback-host.js";
import { SignetError } from "../errors.js";
import { type FollowedKeys, followKeys } from "./followed-keys.js";
import { verifyByFollowed } from "./issuers.js";
import { listedHosts, type Resolve } from "./listed-hosts.js";
import { localVerifier, type Verifier } from "./verifier.js";

/** What a decoder is made of. */
export interface DecoderOptions {
  /** The issuer's own URL: keys are fetched from its host where no `hosts` are given. */
  readonly issuer: string | undefined;
  /** The hosts that keys are fetched from, `idp.example.com` or `idp.example.com:8443`. */
  readonly hosts: readonly string[] | undefined;
  /** NumericDate. */
  readonly clock: () => number;
  /** Seconds on a clock that never goes back. */
  readonly elapsed?: (() => number) | undefined;
  readonly resolve?: Resolve | undefined;
}

/**
 * Verifies a token by the JWKS that stands at a URL. Neither issuer nor audience is looked at: the caller who names the keys has chosen whom
 * to trust.
 *
 * @param caller who asks: each has its own share of what is fetched
 * @returns the token's claims
 * @throws SignetError `jwks_url_refused`, `jwks_unavailable`, `jwks_misconfigured`, `rate_exceeded`, and as `Verifier.verify`
 */
export type Decode = (jwksUrl: string, token: string, caller?: string) => Promise<Readonly<Record<string, unknown>>>;

/** What each caller may have fetched anew within a minute; the query of one URL alone has any number of spellings. */
const MAX_NEW_SOURCES = 32;
const WINDOW_SECONDS = 60;
/** So many are kept; then the caller with the most of them loses its oldest. */
const MAX_SOURCES = 64;
const MAX_CALLERS = 1_000;

/** Keys at a URL, and who asked for them first. */
interface KeySource {
  readonly keys: FollowedKeys<Verifier>;
  readonly caller: string;
}

/** Makes a decoder. It fetches the keys of a URL once and follows them from then on. */
export function createDecoder({ issuer, hosts, clock, resolve, ...given }: DecoderOptions): Decode {
  const elapsed = given.elapsed ?? (() => performance.now() / 1_000);
  const own = issuer === undefined ? undefined : new URL(issuer);
  const listed = listedHosts({
    hosts: hosts ?? (own === undefined ? [] : [own.host]),
    // An issuer on this machine is one for development: its tokens are worth nothing elsewhere.
    allowLoopback: own !== undefined && isLoopback(own.hostname),
    resolve,
  });
  const sources = new Map<string, KeySource>();
  const takeShare = sharesOf(elapsed);

  function keysAt(url: string, caller: string): FollowedKeys<Verifier> {
    const known = sources.get(url);
    if (known !== undefined) return known.keys;
    takeShare(caller);
    if (sources.size >= MAX_SOURCES) sources.delete(sourceToDrop(sources));
    const keys = followKeys(url, { jwksUrl: url, fetch: listed.fetch, elapsed }, (jwks) => {
      // Where keys have names, tokens have to name one: so it was answered before ("Token has no Key ID").
      const requireKid = jwks.keys.some((jwk: unknown) => isForSignatures(jwk) && kidOfJwk(jwk) !== undefined);
      return localVerifier({ keys: jwks, requireKid, issuer: null, audience: null, types: null, clock });
    });
    sources.set(url, { keys, caller });
    return keys;
  }

  return async (jwksUrl, token, caller = "") => (await verifyByFollowed(keysAt(listed.checked(jwksUrl), caller), token)).claims;
}

// One caller's appetite must not cost another one its keys.
function sourceToDrop(sources: ReadonlyMap<string, KeySource>): string {
  const oldestOf = new Map<string, { readonly url: string; count: number }>();
  // A map remembers in which order its entries came.
  for (const [url, { caller }] of sources) {
    const found = oldestOf.get(caller);
    if (found === undefined) oldestOf.set(caller, { url, count: 1 });
    else found.count += 1;
  }
  return [...oldestOf.values()].reduce((most, each) => (each.count > most.count ? each : most)).url;
}

/** Counts for each caller what it has had fetched within a minute. @throws (the bound function) SignetError `rate_exceeded` */
function sharesOf(elapsed: () => number): (caller: string) => void {
  const takenAt = new Map<string, readonly number[]>();
  return (caller) => {
    const now = elapsed();
    const recent = (takenAt.get(caller) ?? []).filter((at) => now - at < WINDOW_SECONDS);
    if (recent.length >= MAX_NEW_SOURCES) {
      const retryAfterSeconds = Math.ceil(WINDOW_SECONDS - (now - (recent[0] as number)));
      throw new SignetError("rate_exceeded", "too many key URLs were asked for just now", { retryAfterSeconds });
    }
    if (takenAt.size >= MAX_CALLERS) {
      for (const [name, times] of takenAt) if (now - (times.at(-1) ?? 0) >= WINDOW_SECONDS) takenAt.delete(name);
    }
    takenAt.set(caller, [...recent, now]);
  };
}
