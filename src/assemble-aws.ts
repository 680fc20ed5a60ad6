import { credentialChain } from "./aws/credential-chain.js";
import { type Environment, regionIn } from "./aws/endpoint.js";
import { createKms } from "./aws/kms.js";
import { activePath, keysPath, secretsPrefix } from "./aws/names.js";
import { createBucket } from "./aws/s3.js";
import { createSecretsManager } from "./aws/secrets-manager.js";
import { createParameterStore, type ParameterStore } from "./aws/ssm.js";
import { createTransport, type Transport } from "./aws/transport.js";
import type { AwsConfig, Config } from "./config/schema.js";
import type { Custodian, OpenableKey, Signer } from "./custody/contract.js";
import { createKmsCustodian } from "./custody/kms/custodian.js";
import type { OnKmsSigned } from "./custody/kms/sign.js";
import { createKmsDataKeyCustodian } from "./custody/kms-data-key/custodian.js";
import { createParameterStoreCustodian } from "./custody/parameter-store/custodian.js";
import { createSecretsManagerCustodian } from "./custody/secrets-manager/custodian.js";
import { SignetError } from "./errors.js";
import { custodyOf } from "./keyring/active-document.js";
import type { Custody } from "./keyring/key-record.js";
import { createAwsActiveStore } from "./storage/aws/active-store.js";
import { createAwsStores } from "./storage/aws/stores.js";
import type { Stores } from "./storage/contract.js";

/** What an installation is put together from. */
export interface Parts {
  readonly stores: Stores;
  /** Those with whom keys are made, and who are searched for what a crash left. */
  readonly custodians: Partial<Record<Custody, Custodian>>;
  /** Opens a key with whoever holds it. */
  readonly open: (key: OpenableKey) => Promise<Signer>;
}

/** An installation in AWS. */
export interface AwsInstallation extends AwsConfig {
  readonly custody: Config["custody"];
  readonly env: Environment;
  readonly onKmsSigned: OnKmsSigned;
}

/**
 * The parts of an installation in AWS. Nothing is called yet.
 *
 * @throws SignetError `config_invalid` where no region is known
 */
export function awsParts(aws: AwsInstallation, onDisk: Parts): Parts {
  const { installation, kmsKey, custody, env, onKmsSigned } = aws;
  const transport = createTransport({ region: regionOf(aws), credentials: credentialChain(env), env });
  const parameters = createParameterStore(transport);
  const kms = createKms(transport);
  const path = keysPath(installation);
  const makers: Readonly<Record<Exclude<Custody, "file">, () => Custodian>> = {
    "parameter-store": () => createParameterStoreCustodian({ parameters, path, kmsKey }),
    "secrets-manager": () =>
      createSecretsManagerCustodian({
        secrets: createSecretsManager(transport),
        prefix: secretsPrefix(installation),
        kmsKey,
      }),
    kms: () => createKmsCustodian({ kms, installation, onSigned: onKmsSigned }),
    "kms-data-key": () => createKmsDataKeyCustodian({ kms, parameters, path, kmsKey: kmsKey ?? "", installation }),
  };
  const made: Partial<Record<Custody, Custodian>> = { ...onDisk.custodians };
  const custodianFor = (kind: Exclude<Custody, "file">): Custodian => (made[kind] ??= makers[kind]());
  if (custody !== "file") custodianFor(custody);
  const custodians = { ...made };
  return {
    stores: storesOf(aws, transport, parameters, onDisk.stores),
    custodians,
    open: async (key) => {
      const kind = custodyOf(key.material);
      if (kind === undefined || kind === "file") return onDisk.open(key);
      return custodianFor(kind).open(key);
    },
  };
}

function storesOf(
  { installation, custody, keyring, kmsKey }: AwsInstallation,
  transport: Transport,
  parameters: ParameterStore,
  onDisk: Stores,
): Stores {
  const path = activePath(installation);
  // A KMS key that signs or wraps cannot encrypt parameters, or shall not.
  const encryptsWith = custody === "parameter-store" || custody === "secrets-manager" ? kmsKey : undefined;
  if (keyring === undefined) {
    return custody === "file" ? onDisk : { ...onDisk, active: createAwsActiveStore(parameters, path, encryptsWith) };
  }
  const { hostname, pathname } = new URL(keyring);
  const prefix = pathname.replace(/^\//, "").replace(/([^/])$/, "$1/");
  return createAwsStores(parameters, path, { bucket: createBucket(transport, hostname), prefix }, encryptsWith);
}

function regionOf({ region, env }: AwsInstallation): string {
  const found = region ?? regionIn(env);
  if (found) return found;
  throw new SignetError("config_invalid", "no AWS region is known: set aws.region in the config, or AWS_REGION", {
    field: "aws.region",
  });
}
