import type { KeyObject } from "node:crypto";
import { demand, isTime, readSigned, type Validator } from "./signed-token.js";

/*
 * The Apple Push Notification service, as it takes a provider's token. Written on 2026-11-27 from
 * https://developer.apple.com/documentation/usernotifications/establishing-a-token-based-connection-to-apns
 * (alg ES256, kid: ten characters, iss: the Team ID, iat: within the last hour; "refresh no more than once every 20 minutes and no less than
 * once every 60") and
 * https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns (the reasons).
 */

const INVALID = "InvalidProviderToken";

/** A team, and the keys that Apple made for it. */
interface Team {
  readonly teamId: string;
  readonly keys: readonly { readonly id: string; readonly key: KeyObject }[];
}

/** APNs for a team. It remembers the team's token: one that is renewed too soon is refused, whichever key has signed it. */
export function apns({ teamId, keys }: Team): Validator {
  let current: { readonly token: string; readonly since: number } | undefined;
  return (token, now) => {
    const { header, claims, isSignedBy } = readSigned(token);
    demand("alg", header.alg === "ES256", INVALID);
    const key = keys.find(({ id }) => id === header.kid);
    demand("kid", key !== undefined, INVALID);
    demand("iss", claims.iss === teamId, INVALID);
    demand("signature", isSignedBy(key.key), INVALID);
    demand("iat", isTime(claims.iat) && claims.iat <= now, INVALID);
    demand("iat", now - claims.iat <= 3_600, "ExpiredProviderToken");
    if (token !== current?.token) {
      demand("renewal", current === undefined || now - current.since >= 1_200, "TooManyProviderTokenUpdates");
      current = { token, since: now };
    }
    return claims;
  };
}
