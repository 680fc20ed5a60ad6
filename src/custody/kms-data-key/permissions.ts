import { keyArn, keyParameters, ofInstallation } from "../../aws/permissions.js";
import type { RolePermissions } from "../facts.js";

/** What roles may do with keys that a KMS key wraps. */
export const permissions: RolePermissions = {
  issue: (scope) => [
    { actions: ["kms:Decrypt"], resources: [scope.kmsKeyArn ?? keyArn(scope)], conditions: ofInstallation(scope) },
  ],
  manage: (scope) => [
    ...keyParameters(scope),
    {
      actions: ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKeyPairWithoutPlaintext"],
      resources: [scope.kmsKeyArn ?? keyArn(scope)],
      conditions: ofInstallation(scope),
    },
  ],
};
