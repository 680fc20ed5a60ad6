import type { KeyObject } from "node:crypto";
import { demand, isTime, type Members, readSigned, type Validator } from "./signed-token.js";

/*
 * Authorization servers, as they take a client's assertion (private_key_jwt). Written on 2026-11-27 from
 * https://openid.net/specs/openid-connect-core-1_0.html section 9 (iss and sub: the client id; aud; jti, once; exp) and RFC 7523 section 3, and
 * for the servers from
 *   Okta      https://developer.okta.com/docs/guides/build-self-signed-jwt/
 *   Auth0     https://auth0.com/docs/get-started/authentication-and-authorization-flow/authenticate-with-private-key-jwt
 *   Keycloak  its source, https://github.com/keycloak/keycloak (AbstractJWTClientValidator.java)
 *   Entra     https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials
 */

/** What servers demand beyond the specification. */
interface Dialect {
  readonly algorithms: readonly string[];
  /** The longest life, from iat or from the moment of receipt. */
  readonly longest?: { readonly seconds: number; readonly from: "iat" | "receipt" };
  /** How old an iat may be; where there is one, this takes the place of the longest life. */
  readonly oldestSeconds?: number;
  /** How far ahead an iat or nbf may lie, where that is looked at. */
  readonly leewaySeconds?: number;
  readonly jti: "required" | "optional";
  /** It does not say that it takes a token once. */
  readonly takesAgain?: true;
  readonly longestJti?: number;
  readonly longestToken?: number;
  /** More than one audience is refused. */
  readonly oneAudience?: true;
  /** The header names the certificate in place of the key, and typ, iat and nbf have to be there. */
  readonly byCertificate?: true;
}

const RS = ["RS256", "RS384", "RS512"];
const ES = ["ES256", "ES384", "ES512"];

const DIALECTS = {
  oidc: { algorithms: [...RS, ...ES, "PS256"], jti: "required" },
  okta: { algorithms: [...RS, ...ES], longest: { seconds: 3_600, from: "receipt" }, leewaySeconds: 0, jti: "optional" },
  auth0: {
    algorithms: ["RS256", "RS384", "PS256"],
    longest: { seconds: 300, from: "iat" },
    leewaySeconds: 10,
    jti: "required",
    longestJti: 64,
    longestToken: 2_048,
  },
  keycloak: {
    algorithms: [...RS, ...ES, "PS256"],
    longest: { seconds: 60, from: "receipt" },
    oldestSeconds: 60,
    leewaySeconds: 15,
    jti: "required",
    oneAudience: true,
  },
  entra: { algorithms: ["PS256"], jti: "required", takesAgain: true, byCertificate: true },
} as const satisfies Record<string, Dialect>;

export type Server = keyof typeof DIALECTS;

/** A client as it is registered: its keys by kid, or by the SHA-256 thumbprint of their certificates. */
interface Client {
  readonly clientId: string;
  readonly keys: Readonly<Record<string, KeyObject>>;
}

/** A server that is known by certain audiences. It remembers each jti, where it takes a token once. */
export function clientAssertion(server: Server, client: Client, audiences: readonly string[]): Validator {
  const dialect: Dialect = DIALECTS[server];
  const used = new Set<string>();
  return (token, now) => {
    demand("length", token.length <= (dialect.longestToken ?? Number.POSITIVE_INFINITY));
    const { header, claims, isSignedBy } = readSigned(token);
    demand(
      "alg",
      dialect.algorithms.some((alg) => alg === header.alg),
    );
    demand("iss", claims.iss === client.clientId);
    demand("sub", claims.sub === client.clientId);
    demand("signature", isSignedBy(keyOf(header, client, dialect)));
    const named = [claims.aud].flat();
    demand(
      "aud",
      named.some((each) => audiences.some((audience) => audience === each)),
    );
    demand("audiences", dialect.oneAudience !== true || named.length === 1);
    if (dialect.byCertificate === true) demandEntras(header, claims);
    demandTimes(dialect, claims, now);
    const { jti } = claims;
    if (jti === undefined && dialect.jti === "optional") return claims;
    demand("jti", typeof jti === "string" && jti !== "" && jti.length <= (dialect.longestJti ?? Number.POSITIVE_INFINITY));
    demand("jti", dialect.takesAgain === true || !used.has(jti));
    used.add(jti);
    return claims;
  };
}

function keyOf({ kid, "x5t#S256": thumbprint }: Members, { keys }: Client, { byCertificate }: Dialect): KeyObject {
  const key = keys[String(byCertificate === true ? thumbprint : kid)];
  demand("key", key !== undefined);
  return key;
}

function demandEntras({ typ }: Members, { iat, nbf }: Members): void {
  demand("typ", typ === "JWT");
  demand("iat", isTime(iat));
  demand("nbf", isTime(nbf));
}

function demandTimes(dialect: Dialect, { iat, nbf, exp }: Members, now: number): void {
  const { longest, oldestSeconds, leewaySeconds } = dialect;
  demand("exp", isTime(exp) && exp > now);
  if (leewaySeconds !== undefined) {
    demand("iat", iat === undefined || (isTime(iat) && iat <= now + leewaySeconds));
    demand("nbf", nbf === undefined || (isTime(nbf) && nbf <= now + leewaySeconds));
  }
  if (oldestSeconds !== undefined && iat !== undefined) demand("iat", now - (iat as number) <= oldestSeconds);
  else if (longest?.from === "iat") demand("exp", isTime(iat) && exp - iat <= longest.seconds);
  else demand("exp", longest === undefined || exp - now <= longest.seconds);
}
