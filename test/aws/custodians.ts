import { createKms } from "../../src/aws/kms.js";
import { keysPath, secretsPrefix } from "../../src/aws/names.js";
import { createSecretsManager } from "../../src/aws/secrets-manager.js";
import { createParameterStore } from "../../src/aws/ssm.js";
import type { Transport } from "../../src/aws/transport.js";
import type { Custodian } from "../../src/custody/contract.js";
import { LAMBDA_CUSTODIES, MAKERS } from "../../src/custody/lambda.js";

/** Every custody in AWS. */
export const KINDS = LAMBDA_CUSTODIES;

/** The custodian of an installation, who never waits. `kmsKey` wraps; `restKey` encrypts at rest. */
export function custodianOf(
  kind: string,
  transport: Transport,
  { installation, kmsKey, restKey }: { readonly installation: string; readonly kmsKey: string; readonly restKey?: string },
): Custodian {
  const make = MAKERS[kind];
  if (make === undefined) throw new Error(`no custodian in AWS is called ${kind}`);
  return make({
    transport,
    kms: createKms(transport),
    parameters: createParameterStore(transport),
    secrets: createSecretsManager(transport),
    installation,
    path: keysPath(installation),
    prefix: secretsPrefix(installation),
    kmsKey: restKey,
    wrappingKey: kmsKey,
    sleep: async () => undefined,
  });
}
