import type { KeyObject } from "node:crypto";
import { demand, isTime, type Members, readSigned, type SignedToken, type Validator } from "./signed-token.js";

/*
 * Google, as it takes a token that a service account has signed itself. Written on 2026-11-27 from https://google.aip.dev/auth/4111 (straight
 * to an API: RS256, typ JWT, kid: the key's id; iss and sub: the account's e-mail; aud: the API's address with its slash; exp exactly 3,600
 * seconds after iat) and https://developers.google.com/identity/protocols/oauth2/service-account (scope in place of aud; at the token
 * endpoint: iss, scope, aud https://oauth2.googleapis.com/token, iat, exp an hour after iat at most; sub: the user who is acted for).
 */

/** A service account, with the keys that were made for it or uploaded. */
interface ServiceAccount {
  readonly email: string;
  readonly keys: readonly { readonly id: string; readonly key: KeyObject }[];
  /** Who it may act for, where an administrator has let it. */
  readonly delegates?: readonly string[];
}

/** Measured: an iat so many seconds ahead is taken. */
const LEEWAY_SECONDS = 300;

/** An API of Google's at an address such as `https://pubsub.googleapis.com/`. */
export function googleApi(account: ServiceAccount, address: string): Validator {
  return (token, now) => {
    const read = readSigned(token);
    const { header, claims } = read;
    demandKey(read, account);
    demand("typ", header.typ === "JWT");
    demand("sub", claims.sub === account.email);
    if (claims.scope === undefined) demand("aud", claims.aud === address);
    else demandScope(claims);
    demand("aud", claims.scope === undefined || claims.aud === undefined, "aud beside scope");
    const { iat, exp } = timesOf(claims, now);
    demand("exp", exp === iat + 3_600);
    return claims;
  };
}

/** The endpoint https://oauth2.googleapis.com/token. */
export function googleTokenEndpoint(account: ServiceAccount): Validator {
  return (token, now) => {
    const read = readSigned(token);
    const { claims } = read;
    demandKey(read, account);
    demand("aud", claims.aud === "https://oauth2.googleapis.com/token");
    if (claims.target_audience === undefined) demandScope(claims);
    demand("sub", claims.sub === undefined || account.delegates?.includes(String(claims.sub)) === true, "unauthorized_client");
    const { iat, exp } = timesOf(claims, now);
    demand("exp", exp > iat && exp - iat <= 3_600, "invalid_grant");
    return claims;
  };
}

// kid: the AIP demands one, Google's own library leaves it out where it was told none.
function demandKey({ header, claims, isSignedBy }: SignedToken, { email, keys }: ServiceAccount): void {
  demand("alg", header.alg === "RS256");
  demand("iss", claims.iss === email);
  const candidates = keys.filter(({ id }) => header.kid === undefined || header.kid === id);
  demand("kid", candidates.length > 0);
  demand(
    "signature",
    candidates.some(({ key }) => isSignedBy(key)),
    "Invalid JWT Signature.",
  );
}

function demandScope({ scope }: Members): void {
  const isUrls =
    typeof scope === "string" && scope.split(" ").every((each) => each.startsWith("https://www.googleapis.com/auth/"));
  demand("scope", isUrls, "invalid_scope");
}

function timesOf({ iat, exp }: Members, now: number): { iat: number; exp: number } {
  demand("iat", isTime(iat) && iat <= now + LEEWAY_SECONDS);
  demand("exp", isTime(exp) && exp > now);
  return { iat, exp };
}
