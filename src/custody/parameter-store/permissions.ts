import { atRest, keyParameters } from "../../aws/permissions.js";
import type { RolePermissions } from "../facts.js";

/** What roles may do with keys in Parameter Store. */
export const permissions: RolePermissions = {
  issue: (scope) => atRest(scope, "ssm", ["kms:Decrypt"]),
  // A parameter beyond 4,096 bytes (an RSA key of 4,096 bits) is encrypted by a data key.
  manage: (scope) => [...keyParameters(scope), ...atRest(scope, "ssm", ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"])],
};
