import { environmentCredentials, noCredentials } from "../aws/credentials.js";
import { createKms } from "../aws/kms.js";
import { createSecretsManager } from "../aws/secrets-manager.js";
import { createParameterStore } from "../aws/ssm.js";
import { createTransport } from "../aws/transport.js";
import type { Custodian } from "../custody/contract.js";
import { createKmsCustodian } from "../custody/kms/custodian.js";
import { createKmsDataKeyCustodian } from "../custody/kms-data-key/custodian.js";
import { createParameterStoreCustodian } from "../custody/parameter-store/custodian.js";
import { createSecretsManagerCustodian } from "../custody/secrets-manager/custodian.js";
import { SignetError } from "../errors.js";
import { type ActiveKey, createActiveKey } from "../issue/active-key.js";
import { presentSeconds } from "../issue/issuer.js";
import { custodyOf } from "../keyring/active-document.js";
import type { Custody } from "../keyring/key-record.js";
import { createAwsActiveStore } from "../storage/aws/active-store.js";
import type { Environment, Settings } from "./settings.js";

/** A cold start may wait its turn behind a thousand others at Parameter Store's quota; the function's own timeout comes first. */
const DEADLINE_MS = 55_000;

/** The key that the function signs with, whoever holds it: the active document says who. */
export function createSigningKey(settings: Settings, env: Environment, onUnproven: () => void): ActiveKey {
  const { installation, region, kmsKey, activeKeyMaxAgeSeconds } = settings;
  const credentials = () => {
    const found = environmentCredentials(env);
    if (found === undefined) throw noCredentials();
    return found;
  };
  const transport = createTransport({ region, credentials, env, deadlineMs: DEADLINE_MS });
  const parameters = createParameterStore(transport);
  const kms = createKms(transport);
  const path = `/signet/${installation}/keys`;
  const custodians: Partial<Record<Custody, () => Pick<Custodian, "open">>> = {
    "parameter-store": () => createParameterStoreCustodian({ parameters, path }),
    "secrets-manager": () => createSecretsManagerCustodian({ secrets: createSecretsManager(transport), prefix: "" }),
    kms: () => createKmsCustodian({ kms, installation, onUnproven }),
    "kms-data-key": () => createKmsDataKeyCustodian({ kms, parameters, path, kmsKey, installation }),
  };
  const store = createAwsActiveStore(parameters, `/signet/${installation}/active`);
  return createActiveKey({
    read: () => store.read(),
    open: async (key) => {
      const make = custodians[custodyOf(key.material) ?? "file"];
      if (make === undefined)
        throw new SignetError("no_active_key", "the active key is in a file, which this function cannot read");
      return make().open(key);
    },
    maxAgeSeconds: activeKeyMaxAgeSeconds,
    clock: presentSeconds,
  });
}
