import type { KeyObject } from "node:crypto";
import { demand, fingerprintOf, isTime, readSigned, type Validator } from "./signed-token.js";

/*
 * Snowflake, as it takes the token of a user's key pair. Written on 2026-11-27 from
 * https://docs.snowflake.com/en/developer-guide/sql-api/authenticating (iss: ACCOUNT.USER.SHA256: and the fingerprint; sub: ACCOUNT.USER; both
 * in upper case, a period within the account is a hyphen; iat and exp in seconds, or milliseconds; an hour at most is valid, whatever exp says),
 * https://docs.snowflake.com/en/user-guide/key-pair-auth (two keys; RSA of 2,048 bits or more) and
 * https://docs.snowflake.com/en/sql-reference/functions/system_get_login_failure_details (the numbers of the faults).
 */

/** The fault that SYSTEM$GET_LOGIN_FAILURE_DETAILS names. */
const FAULTS = {
  user: "394300",
  missing: "394301",
  iat: "394302",
  exp: "394303",
  fingerprint: "394304",
  alg: "394305",
  signature: "394306",
  account: "394307",
};

/** A user of an account, with what `ALTER USER` has set. */
interface User {
  /** As it stands in the URL, such as `myorg-my_account`. */
  readonly account: string;
  readonly user: string;
  /** RSA_PUBLIC_KEY and RSA_PUBLIC_KEY_2. */
  readonly keys: readonly KeyObject[];
}

/** Snowflake's SQL API; with `isLogin` a login, which takes no token whose iat is over a minute old. */
export function snowflakeKeypair({ account, user, keys }: User, { isLogin = false } = {}): Validator {
  return (token, now) => {
    const { header, claims, isSignedBy } = readSigned(token);
    demand("alg", header.alg === "RS256", FAULTS.alg);
    const [inAccount, inUser, fingerprint] = String(claims.iss).split(".");
    demand("account", inAccount === account.toUpperCase(), FAULTS.account);
    demand("user", inUser === user.toUpperCase(), FAULTS.user);
    demand("sub", claims.sub === `${inAccount}.${inUser}`, FAULTS.user);
    const key = keys.find((each) => `SHA256:${fingerprintOf(each)}` === fingerprint);
    demand("fingerprint", key !== undefined, FAULTS.fingerprint);
    demand("signature", isSignedBy(key), FAULTS.signature);
    demand("iat", isTime(claims.iat), FAULTS.missing);
    demand("exp", isTime(claims.exp), FAULTS.missing);
    const iat = seconds(claims.iat);
    demand("iat", !isLogin || now - iat <= 60, FAULTS.iat);
    demand("exp", Math.min(seconds(claims.exp), iat + 3_600) > now, FAULTS.exp);
    return claims;
  };
}

// In seconds no time of these centuries has so many digits.
function seconds(time: number): number {
  return time > 100_000_000_000 ? time / 1_000 : time;
}
