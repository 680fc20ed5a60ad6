import type { Custodian } from "../contract.js";
import type { AwsDeps } from "../facts.js";
import { createKmsDataKeyCustodian } from "./custodian.js";

export { permissions } from "./permissions.js";

/** Keys in the installation's parameters, wrapped by a KMS key. */
export function create(deps: AwsDeps): Custodian {
  return createKmsDataKeyCustodian({ ...deps, kmsKey: deps.wrappingKey ?? deps.kmsKey });
}
