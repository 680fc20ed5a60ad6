import { constants, type KeyObject, type SignKeyObjectInput } from "node:crypto";
import type { Algorithm } from "./table.js";

/** The `asymmetricKeyType` of an algorithm's keys in node:crypto. */
export function keyTypeOf({ kty, name }: Algorithm): string {
  const types = { RSA: "rsa", EC: "ec", OKP: "ed25519", AKP: name.toLowerCase() };
  return types[kty];
}

/** The curve's name in node:crypto's key details, for EC. */
export function namedCurveOf({ kty, crv }: Algorithm): string | undefined {
  if (kty !== "EC") return undefined;
  return crv === "P-256" ? "prime256v1" : `secp${crv?.slice(2)}r1`;
}

/** What node:crypto's `sign` and `verify` take: only PSS needs parameters, everything else is their default for the kind of key. */
export function cryptoInput({ saltLength }: Algorithm, key: KeyObject): KeyObject | SignKeyObjectInput {
  return saltLength === undefined ? key : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
}
