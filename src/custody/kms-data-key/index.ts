import type { Custodian } from "../contract.js";
import type { AwsPlace } from "../facts.js";
import { createKmsDataKeyCustodian } from "./custodian.js";

export { permissions } from "./permissions.js";

/** Keys in the installation's parameters, wrapped by a KMS key. */
export function create(place: AwsPlace): Custodian {
  return createKmsDataKeyCustodian({ ...place, kmsKey: place.wrappingKey ?? place.kmsKey });
}
