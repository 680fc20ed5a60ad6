import type { KeyObject } from "node:crypto";
import { demand, isTime, type Members, readSigned, type Validator } from "./signed-token.js";

/*
 * Apple's two APIs of the App Store. Written on 2026-11-27 from
 * https://developer.apple.com/documentation/appstoreconnectapi/generating-tokens-for-api-requests
 * (ES256, kid, typ JWT; iss: the issuer id, or none and sub "user" with an individual key; aud appstoreconnect-v1; a life, exp minus iat, of
 * 20 minutes at most unless scope lists GETs of certain resources) and
 * https://developer.apple.com/documentation/appstoreserverapi/generating-json-web-tokens-for-api-requests
 * (the same header; iss, iat, exp of 60 minutes at most, aud appstoreconnect-v1, and bid).
 */

/** A key that Apple made: its id, and the public half that Apple keeps. */
interface AppleKey {
  readonly id: string;
  readonly key: KeyObject;
}

/** A key of a team, or of one of its members. */
interface ConnectKey extends AppleKey {
  /** The team's issuer id; absent for an individual key. */
  readonly issuerId?: string;
}

/** The App Store Connect API, asked for something that `scope` may name: `GET /v1/apps`. */
export function appStoreConnect(keys: readonly ConnectKey[], asked = "GET /v1/apps"): Validator {
  return (token, now) => {
    const { claims, key } = signed(token, keys);
    if (key.issuerId === undefined) {
      demand("iss", claims.iss === undefined);
      demand("sub", claims.sub === "user");
    } else {
      demand("iss", claims.iss === key.issuerId);
    }
    const { scope } = claims;
    demand("scope", scope === undefined || (Array.isArray(scope) && scope.some((each) => pathOf(each) === asked)));
    demandLife(claims, now, 1_200);
    return claims;
  };
}

// The query of a resource in a scope names filters: they narrow what is answered.
function pathOf(scope: unknown): string {
  return typeof scope === "string" ? (scope.split("?")[0] ?? "") : "";
}

/** An app, and the In-App Purchase keys of its team. */
interface ServerKeys {
  readonly issuerId: string;
  readonly bundleIds: readonly string[];
  readonly keys: readonly AppleKey[];
}

/** The App Store Server API. */
export function appStoreServer({ issuerId, bundleIds, keys }: ServerKeys): Validator {
  return (token, now) => {
    const { claims } = signed(token, keys);
    demand("iss", claims.iss === issuerId);
    demand(
      "bid",
      bundleIds.some((id) => id === claims.bid),
    );
    demandLife(claims, now, 3_600);
    return claims;
  };
}

function signed<Key extends AppleKey>(token: string, keys: readonly Key[]): { claims: Members; key: Key } {
  const { header, claims, isSignedBy } = readSigned(token);
  demand("alg", header.alg === "ES256");
  demand("typ", header.typ === "JWT");
  const key = keys.find(({ id }) => id === header.kid);
  demand("kid", key !== undefined);
  demand("signature", isSignedBy(key.key));
  return { claims, key };
}

function demandLife({ aud, iat, exp }: Members, now: number, longest: number): void {
  demand("aud", aud === "appstoreconnect-v1");
  demand("iat", isTime(iat) && iat <= now);
  demand("exp", isTime(exp) && exp > now && exp - iat <= longest);
}
