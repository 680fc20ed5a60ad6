import { type Environment, regionIn } from "./aws/endpoint.js";
import { createKms } from "./aws/kms.js";
import { activePath, keyringPlace, keysPath, secretsPrefix } from "./aws/names.js";
import { createBucket } from "./aws/s3.js";
import { createSecretsManager } from "./aws/secrets-manager.js";
import { createParameterStore, type ParameterStore } from "./aws/ssm.js";
import { createTransport, type Transport, type TransportOptions } from "./aws/transport.js";
import type { AwsConfig, Config } from "./config/schema.js";
import { type Custodian, canAdopt, type OpenableKey, opening, type Signer } from "./custody/contract.js";
import type { AwsDeps } from "./custody/facts.js";
import type { OnKmsSigned } from "./custody/kms/sign.js";
import { MAKERS } from "./custody/lambda.js";
import { ownMember } from "./encoding/own-member.js";
import { SignetError } from "./errors.js";
import type { Custody } from "./keyring/key-record.js";
import { createAwsActiveStore } from "./storage/aws/active-store.js";
import { createAwsStores } from "./storage/aws/stores.js";
import type { Stores } from "./storage/contract.js";
import { createMovingActiveStore } from "./storage/moving-active-store.js";

/** What an installation is put together from. */
export interface Parts {
  readonly stores: Stores;
  /** Those with whom keys are made, and who are searched for what a crash left. */
  readonly custodians: Readonly<Record<Custody, Custodian>>;
  /** Opens a key with the custodian that holds it. */
  readonly open: (key: OpenableKey) => Promise<Signer>;
}

/** The parts of an installation in AWS, and how AWS is reached for what else it has there. */
export interface AwsParts extends Parts {
  readonly transport: Transport;
}

/** An installation in AWS. */
export interface AwsInstallation extends AwsConfig {
  readonly custody: Config["custody"];
  readonly env: Environment;
  readonly credentials: TransportOptions["credentials"];
  readonly onSigned?: OnKmsSigned | undefined;
  /** Told of each call to AWS that is made once more. */
  readonly onRetry?: TransportOptions["onRetry"];
  /** The KMS key that wraps private keys where it is another one than the key that encrypts at rest. */
  readonly wrappingKey?: string | undefined;
  /** The id of a key in Parameter Store that is its kid as well. */
  readonly ownName?: string | undefined;
}

/**
 * The parts of an installation in AWS, with every custodian there: during a migration keys of two are in use. Nothing is called yet.
 *
 * @param makers what makes each custodian, by name; those of the functions when absent
 * @param onDisk what the installation has on this machine: its keyring, unless that is in S3, and the keys that are in files
 * @throws SignetError `config_invalid` where no region is known, or no location for the keyring
 */
export function awsParts(aws: AwsInstallation, onDisk?: Parts, makers = MAKERS): AwsParts {
  const { env, credentials, onRetry } = aws;
  const transport = createTransport({ region: regionOf(aws), credentials, env, onRetry });
  const parameters = createParameterStore(transport);
  const deps: AwsDeps = {
    ...aws,
    transport,
    parameters,
    kms: createKms(transport),
    secrets: createSecretsManager(transport),
    path: keysPath(aws.installation),
    prefix: secretsPrefix(aws.installation),
  };
  const here = Object.entries(makers).map(([name, make]) => [name, make(deps)] as const);
  const custodians = { ...onDisk?.custodians, ...Object.fromEntries(here) };
  return {
    stores: storesOf(aws, transport, parameters, custodians, onDisk?.stores),
    custodians,
    transport,
    open: opening(custodians),
  };
}

function storesOf(
  { installation, custody, keyring, kmsKey }: AwsInstallation,
  transport: Transport,
  parameters: ParameterStore,
  custodians: Parts["custodians"],
  onDisk: Stores | undefined,
): Stores {
  const path = activePath(installation);
  const custodian = ownMember(custodians, custody);
  // Where keys that are there already are taken it may be one that signs, which cannot encrypt parameters.
  const encryptsWith = custodian !== undefined && canAdopt(custodian) ? undefined : kmsKey;
  if (keyring !== undefined) {
    const { bucket, prefix } = keyringPlace(keyring);
    return createAwsStores(parameters, path, { bucket: createBucket(transport, bucket), prefix }, encryptsWith);
  }
  if (onDisk === undefined)
    throw new SignetError("config_invalid", "the keyring has no location: set SIGNET_KEYRING to s3://BUCKET/PREFIX");
  return { ...onDisk, active: createMovingActiveStore(createAwsActiveStore(parameters, path, encryptsWith), onDisk.active) };
}

function regionOf({ region, env }: AwsInstallation): string {
  const found = region ?? regionIn(env);
  if (found) return found;
  throw new SignetError("config_invalid", "no AWS region is known: give aws.region, set AWS_REGION, or give the profile one", {
    field: "aws.region",
  });
}
