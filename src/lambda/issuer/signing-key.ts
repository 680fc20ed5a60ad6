import { environmentCredentials, noCredentials } from "../../aws/credentials.js";
import { createKmsSigning } from "../../aws/kms.js";
import { activePath } from "../../aws/names.js";
import { createSecretReader } from "../../aws/secrets-manager.js";
import { createParameterReader } from "../../aws/ssm.js";
import { createTransport } from "../../aws/transport.js";
import type { OpenableKey, Signer } from "../../custody/contract.js";
import { openKmsKey } from "../../custody/kms/open.js";
import type { OnKmsSigned } from "../../custody/kms/sign.js";
import { openWrappedKey } from "../../custody/kms-data-key/open.js";
import { openParameterKey } from "../../custody/parameter-store/open.js";
import { openSecretKey } from "../../custody/secrets-manager/open.js";
import { SignetError } from "../../errors.js";
import { type ActiveKey, createActiveKey } from "../../issue/active-key.js";
import { presentSeconds } from "../../issue/issuer.js";
import { custodyOf } from "../../keyring/active-document.js";
import type { Custody } from "../../keyring/key-record.js";
import { readActiveDocuments } from "../../storage/aws/active-store.js";
import type { Environment, Settings } from "../shared/settings.js";

/** A cold start may wait its turn behind a thousand others at Parameter Store's quota; the function's own timeout comes first. */
const DEADLINE_MS = 55_000;

/** The key that the function signs with. The active document says which custodian holds it. */
export function createSigningKey(settings: Settings, env: Environment, onKmsSigned: OnKmsSigned): ActiveKey {
  const { installation, region, activeKeyMaxAgeSeconds } = settings;
  const credentials = () => {
    const found = environmentCredentials(env);
    if (found === undefined) throw noCredentials();
    return found;
  };
  const transport = createTransport({ region, credentials, env, deadlineMs: DEADLINE_MS });
  const parameters = createParameterReader(transport);
  const kms = createKmsSigning(transport);
  const open: Partial<Record<Custody, (key: OpenableKey) => Promise<Signer>>> = {
    "parameter-store": openParameterKey,
    "secrets-manager": (key) => openSecretKey(createSecretReader(transport), key),
    kms: (key) => openKmsKey(kms, key, onKmsSigned),
    "kms-data-key": (key) => openWrappedKey({ kms, installation }, key),
  };
  return createActiveKey({
    read: () => readActiveDocuments(parameters, activePath(installation)),
    open: async (key) => {
      const opener = open[custodyOf(key.material) ?? "file"];
      if (opener !== undefined) return opener(key);
      throw new SignetError("no_active_key", "the active key is in a file, which this function cannot read");
    },
    maxAgeSeconds: activeKeyMaxAgeSeconds,
    clock: presentSeconds,
  });
}
