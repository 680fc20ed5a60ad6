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
 * Verifies a token by the JWKS that stands at a URL. Neither issuer nor audience is looked at: whoever names the keys has chosen whom
 * to trust.
 *
 * @returns the token's claims
 * @throws SignetError `jwks_url_refused`, `jwks_unavailable`, `rate_exceeded`, and as `Verifier.verify`
 */
export type Decode = (jwksUrl: string, token: string) => Promise<Readonly<Record<string, unknown>>>;

const MOST_PLACES = 32;
/** So long at least the keys of a place are kept, so that no more than 32 new places are asked in that time. */
const PLACE_SECONDS = 60;

/** Makes a decoder. It fetches a place's keys once and follows them from then on. */
export function createDecoder({ issuer, hosts, clock, resolve, ...given }: DecoderOptions): Decode {
  const elapsed = given.elapsed ?? (() => performance.now() / 1_000);
  const own = issuer === undefined ? undefined : new URL(issuer);
  const listed = listedHosts({
    hosts: hosts ?? (own === undefined ? [] : [own.host]),
    // An issuer on this machine is one for development: its tokens are worth nothing elsewhere.
    allowLoopback: own !== undefined && isLoopback(own.hostname),
    resolve,
  });
  const places = new Map<string, { readonly keys: FollowedKeys<Verifier>; readonly since: number }>();

  function keysAt(url: string): FollowedKeys<Verifier> {
    const known = places.get(url);
    if (known !== undefined) return known.keys;
    if (places.size >= MOST_PLACES) makeRoom();
    const keys = followKeys(url, { jwksUrl: url, fetch: listed.fetch, elapsed }, (jwks) =>
      localVerifier({ keys: jwks, issuer: null, audience: null, types: null, clock }),
    );
    places.set(url, { keys, since: elapsed() });
    return keys;
  }

  // A map remembers in which order its entries came: the first is the oldest.
  function makeRoom(): void {
    const [oldest] = places;
    if (oldest === undefined) return;
    const [url, { since }] = oldest;
    const left = PLACE_SECONDS - (elapsed() - since);
    if (left > 0) {
      const retryAfterSeconds = Math.ceil(left);
      throw new SignetError("rate_exceeded", "too many places of keys were asked for just now", { retryAfterSeconds });
    }
    places.delete(url);
  }

  return async (jwksUrl, token) => (await verifyByFollowed(keysAt(listed.checked(jwksUrl)), token)).claims;
}
