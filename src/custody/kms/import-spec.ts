import type { KeyObject } from "node:crypto";
import type { Algorithm } from "../../algorithms/table.js";
import { SignetError } from "../../errors.js";
import { kmsKeySpec } from "../kms-names.js";

/** The sizes of RSA that KMS has. */
const RSA_BITS: readonly number[] = [2_048, 3_072, 4_096];

/**
 * KMS's name for the kind of a private key that is imported (KMS developer guide, "Importing key material", its requirements).
 *
 * @throws SignetError `unsupported_algorithm` for a key that KMS makes but does not import, `key_mismatch` for a size of RSA that it has not
 */
export function importSpec(privateKey: KeyObject, algorithm: Algorithm): string {
  if (algorithm.kty !== "RSA" && algorithm.kty !== "EC") {
    throw new SignetError(
      "unsupported_algorithm",
      `KMS imports RSA keys and those of P-256, P-384 and P-521, no ${algorithm.name} key: choose --custody kms-data-key, parameter-store or ` +
        "secrets-manager, which keep it and its name; or let KMS make a new key, and rotate to it",
    );
  }
  if (algorithm.kty === "EC") return kmsKeySpec(algorithm);
  const bits = privateKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (RSA_BITS.includes(bits)) return `RSA_${bits}`;
  throw new SignetError(
    "invalid_key",
    `KMS imports RSA keys of 2048, 3072 and 4096 bits, and this one has ${bits}: choose --custody kms-data-key, parameter-store or secrets-manager`,
  );
}
