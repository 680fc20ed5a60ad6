import type { Tokens } from "../settings/tokens.js";

/** How an issuer's tokens differ from the usual, each setting in words; none where they do not. */
export function tokensInWords({ iss, iat, jti, exp, kid, kids, certificates }: Tokens = {}): readonly string[] {
  return [
    iss !== undefined && `iss ${iss} (no URL, so there is no discovery document)`,
    iat !== undefined && (iat === 0 ? "iat" : `iat ${iat} seconds back`),
    jti === true && "jti",
    exp === false && "no exp",
    kid === false && "no kid",
    kids !== undefined && Object.keys(kids).length > 0 && `kid as named there (${keysOf(kids)})`,
    certificates !== undefined && `x5t#S256 (certificates of ${keysOf(certificates)})`,
  ].filter((each) => each !== false);
}

function keysOf(byKey: Readonly<Record<string, string>>): string {
  const count = Object.keys(byKey).length;
  return `${count} ${count === 1 ? "key" : "keys"}`;
}
