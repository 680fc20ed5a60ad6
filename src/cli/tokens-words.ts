import type { Tokens } from "../settings/tokens.js";

/** How an issuer's tokens differ from the usual, each setting in words; none where they do not. */
export function tokensInWords({ iss, iat, jti, exp, kid, certificates }: Tokens = {}): readonly string[] {
  const count = Object.keys(certificates ?? {}).length;
  return [
    iss !== undefined && `iss ${iss} (no URL, so there is no discovery document)`,
    iat !== undefined && (iat === 0 ? "iat" : `iat ${iat} seconds back`),
    jti === true && "jti",
    exp === false && "no exp",
    kid === false && "no kid",
    certificates !== undefined && `x5t#S256 (certificates of ${count} ${count === 1 ? "key" : "keys"})`,
  ].filter((each) => each !== false);
}
