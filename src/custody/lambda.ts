import type { Custodian, Opener } from "./contract.js";
import type { AwsDeps } from "./facts.js";
import { createKmsCustodian as createInKms } from "./kms/custodian.js";
import { opener as kms } from "./kms/open.js";
import { create as createKmsDataKey } from "./kms-data-key/index.js";
import { opener as kmsDataKey } from "./kms-data-key/open.js";
import { create as createInParameterStore } from "./parameter-store/index.js";
import { opener as parameterStore } from "./parameter-store/open.js";
import { create as createInSecretsManager } from "./secrets-manager/index.js";
import { opener as secretsManager } from "./secrets-manager/open.js";

// The functions' own lists: each carries only what it needs. A test holds both to `runsInLambda` in the registry.

/** Those that the issuer's function opens keys of. */
export const OPENERS: readonly Opener<Pick<AwsDeps, "transport" | "installation" | "onSigned">>[] = [
  parameterStore,
  kms,
  secretsManager,
  kmsDataKey,
];

/** Those that the key manager's function makes keys with. */
export const MAKERS: Readonly<Record<string, (deps: AwsDeps) => Custodian>> = {
  "parameter-store": createInParameterStore,
  kms: createInKms,
  "secrets-manager": createInSecretsManager,
  "kms-data-key": createKmsDataKey,
};

/** Their names. */
export const LAMBDA_CUSTODIES: readonly string[] = /* @__PURE__ */ Object.keys(MAKERS);

/** The custodian that a name means: as `signet.json` has it, or as the template's parameter, "ParameterStore". */
export function findLambdaCustody(name: string): string | undefined {
  const bare = name.toLowerCase().replaceAll("-", "");
  return LAMBDA_CUSTODIES.find((custody) => custody.replaceAll("-", "") === bare);
}
