import { keyArn, keyParameters, ofInstallation } from "../../aws/permissions.js";
import type { RolePermissions } from "../facts.js";

/** What roles may do with keys that a KMS key wraps. */
export const permissions: RolePermissions = {
  issue: (place) => [
    { actions: ["kms:Decrypt"], resources: [place.kmsKeyArn ?? keyArn(place)], conditions: ofInstallation(place) },
  ],
  manage: (place) => [
    ...keyParameters(place),
    {
      actions: ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKeyPairWithoutPlaintext"],
      resources: [place.kmsKeyArn ?? keyArn(place)],
      conditions: ofInstallation(place),
    },
  ],
};
