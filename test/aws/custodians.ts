import { createKms } from "../../src/aws/kms.js";
import { keysPath, secretsPrefix } from "../../src/aws/names.js";
import { createSecretsManager } from "../../src/aws/secrets-manager.js";
import { createParameterStore } from "../../src/aws/ssm.js";
import type { Transport } from "../../src/aws/transport.js";
import type { Custodian } from "../../src/custody/contract.js";
import { createKmsCustodian } from "../../src/custody/kms/custodian.js";
import { createKmsDataKeyCustodian } from "../../src/custody/kms-data-key/custodian.js";
import { createParameterStoreCustodian } from "../../src/custody/parameter-store/custodian.js";
import { createSecretsManagerCustodian } from "../../src/custody/secrets-manager/custodian.js";

/** Every custody in AWS. */
export const KINDS = ["parameter-store", "secrets-manager", "kms", "kms-data-key"] as const;

/** The custodian of an installation, who never waits. `kmsKey` wraps; `restKey` encrypts at rest. */
export function custodianOf(
  kind: (typeof KINDS)[number],
  transport: Transport,
  { installation, kmsKey, restKey }: { readonly installation: string; readonly kmsKey: string; readonly restKey?: string },
): Custodian {
  const sleep = async () => undefined;
  const kms = createKms(transport);
  const parameters = createParameterStore(transport);
  const path = keysPath(installation);
  switch (kind) {
    case "kms":
      return createKmsCustodian({ kms, installation, sleep });
    case "kms-data-key":
      return createKmsDataKeyCustodian({ sleep, kms, parameters, path, kmsKey, installation });
    case "parameter-store":
      return createParameterStoreCustodian({ sleep, parameters, path, kmsKey: restKey });
    case "secrets-manager":
      return createSecretsManagerCustodian({
        sleep,
        secrets: createSecretsManager(transport),
        prefix: secretsPrefix(installation),
        kmsKey: restKey,
      });
  }
}
