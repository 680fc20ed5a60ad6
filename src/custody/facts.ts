import type { Algorithm } from "../algorithms/table.js";
import type { Kms } from "../aws/kms.js";
import type { InstallationScope, Statement } from "../aws/permissions.js";
import type { SecretsManager } from "../aws/secrets-manager.js";
import type { ParameterStore } from "../aws/ssm.js";
import type { Transport } from "../aws/transport.js";
import type { Shape } from "../settings/shape.js";
import type { Custodian } from "./contract.js";

/** What keys of a custodian use in AWS. Prices are multiplied elsewhere. */
export interface Usage {
  readonly kmsKeys: number;
  readonly secrets: number;
  readonly parameters: number;
  readonly signCallsPerToken: number;
}

/** What config, docs, flags, prices and the template need to know of a custodian: data, and no code that keeps keys. */
export interface CustodianFacts {
  /** `custody` in `signet.json`, `--custody NAME`. */
  readonly name: string;
  /** Its keys are in AWS: `aws` has to be configured. */
  readonly needsAws: boolean;
  /** The Lambda functions can use it: `custody/lambda.ts` lists it. */
  readonly runsInLambda: boolean;
  /** `KeyCustodianParameter`, where it runs in Lambda. */
  readonly templateValue?: string;
  /** The folder of the installation's directory whose files hold its keys, `.` for the directory itself. Absent where it keeps none there. */
  readonly keyFolder?: string;
  /**
   * It encrypts its keys under a passphrase where one is given, and keeps them alike (`AlikeKeeper`). One custodian at most: the keyring
   * records how key files are kept once.
   */
  readonly takesPassphrase?: true;
  /** The member of `signet.json` without which there is none of it; absent where it takes none. */
  readonly member?: string;
  /** Its members of `signet.json`, with their flags. */
  readonly config?: Shape;
  /** What `aws.kmsKey` is to it. */
  readonly kmsKey?: "signs" | "wraps" | "encrypts";
  /** Its service names the private keys that it takes: a name that they had before is not kept. */
  readonly namesImports?: true;
  /** The types of keys that it cannot make. */
  readonly lacks?: readonly Algorithm["kty"][];
  /** What is made for two keys, one that signs and one that stands by, in words. */
  made(kmsKey?: string): string;
}

/** The facts of a custodian in AWS. */
export interface AwsFacts extends CustodianFacts {
  readonly needsAws: true;
  /** What so many keys use in AWS. With a `kmsKey` of the operator's that one is not counted. */
  usage(keys: number, kmsKey?: string): Usage;
}

/** Where a custodian of this machine keeps its keys. */
export interface MachinePlace {
  /** The installation's directory. */
  readonly directory: string;
  /** Answers the passphrase of encrypted key files. */
  readonly passphrase?: (() => Promise<string | undefined>) | undefined;
  /** Its own member of `signet.json`. */
  readonly settings?: unknown;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Where a custodian in AWS keeps its keys, and what it calls there. */
export interface AwsDeps {
  readonly transport: Transport;
  readonly kms: Kms;
  readonly parameters: ParameterStore;
  readonly secrets: SecretsManager;
  readonly installation: string;
  /** The path of the installation's parameters that hold keys, without a slash at the end. */
  readonly path: string;
  /** What the names of its secrets begin with. */
  readonly prefix: string;
  readonly kmsKey?: string | undefined;
  /** The KMS key that wraps private keys where it is another one than the key that encrypts at rest. */
  readonly wrappingKey?: string | undefined;
  readonly keyPolicy?: string | undefined;
  /** The id of a key that is its kid as well. */
  readonly ownName?: string | undefined;
  /** Told of each signature that KMS has made. */
  readonly onSigned?: ((signed: { readonly milliseconds: number; readonly isProven: boolean }) => void) | undefined;
  /** Waits, in milliseconds. */
  readonly sleep?: ((milliseconds: number) => Promise<unknown>) | undefined;
}

/** What an issuer and a manager may do in AWS. */
export interface RolePermissions {
  issue(scope: InstallationScope): readonly Statement[];
  manage(scope: InstallationScope): readonly Statement[];
}

/** What a custodian's folder exports as its index. */
export interface CustodianModule<P> {
  create(deps: P): Custodian;
  readonly permissions?: RolePermissions;
}

/** A custodian on this machine, with what loads it. */
export interface LocalCustody extends CustodianFacts {
  readonly needsAws: false;
  load(): Promise<CustodianModule<MachinePlace>>;
}

/** A custodian in AWS, with what loads it. */
export interface AwsCustody extends AwsFacts {
  load(): Promise<CustodianModule<AwsDeps> & { readonly permissions: RolePermissions }>;
}

/**
 * The memory of the issuer's function, in megabytes, and with it its share of a processor. A token that waits for a call is made by code that is
 * young for long: 39 ms at 128 MB, 13 to 15 at 512. What signs in memory is as quick with the least that there is.
 */
export function megabytesFor({ signCallsPerToken }: Usage): number {
  return signCallsPerToken > 0 ? 512 : 128;
}

/** Nothing in AWS. */
export const NO_USAGE: Usage = { kmsKeys: 0, secrets: 0, parameters: 0, signCallsPerToken: 0 };
