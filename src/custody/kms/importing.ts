import type { KeyObject } from "node:crypto";
import type { PublicJwk } from "../../algorithms/jwk.js";
import type { Algorithm } from "../../algorithms/table.js";
import type { ImportProgress, KeyImporter } from "../contract.js";
import type { AwsDeps } from "../facts.js";
import { createKmsCustodian } from "./custodian.js";
import { importSpec } from "./import-spec.js";

/** Keeps private keys in KMS, and takes ones that were made elsewhere. For commands: the functions have the custodian without it. */
export function createImportingKmsCustodian(deps: AwsDeps): ReturnType<typeof createKmsCustodian> & KeyImporter {
  return Object.freeze({
    ...createKmsCustodian(deps),
    namesImports: true as const,
    assertTakes: (privateKey: KeyObject, algorithm: Algorithm): void => void importSpec(privateKey, algorithm),
    async importKey(
      id: string,
      privateKey: KeyObject,
      algorithm: Algorithm,
      _kid?: string,
      progress?: ImportProgress,
    ): Promise<PublicJwk> {
      const { importIntoKms } = await import("./import-material.js");
      return importIntoKms(deps, { id, privateKey, algorithm }, progress);
    },
  });
}
