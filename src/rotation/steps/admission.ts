import { type PublicJwk, thumbprint } from "../../algorithms/jwk.js";
import { SignetError } from "../../errors.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import type { Keyring } from "../../keyring/keyring.js";

// Kids stand in headers, tables, logs and file names of others: what is not printable does not belong there.
const KID = /^(?! )[\x20-\x7e]{1,256}(?<! )$/;

/** @throws SignetError `invalid_key` for a name that no key made elsewhere may have */
export function assertKid(kid: unknown): void {
  if (typeof kid === "string" && KID.test(kid)) return;
  throw new SignetError(
    "invalid_key",
    "a kid has 1 to 256 printable ASCII characters, none of them a space at its ends; give another --kid",
    {
      field: "kid",
    },
  );
}

/**
 * Finds the record of the same key, whatever its name and algorithm. A key under two names could be revoked under one and go on
 * signing under the other.
 */
export function recordOfSameKey(keyring: Keyring, { kid: _, ...jwk }: PublicJwk): KeyRecord | undefined {
  const wanted = thumbprint(jwk);
  return keyring.keys.find(({ publicJwk }) => publicJwk !== undefined && thumbprint(publicJwk) === wanted);
}
