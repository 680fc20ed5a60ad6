import { atRest, secretArn } from "../../aws/permissions.js";
import type { RolePermissions } from "../facts.js";

/** What roles may do with keys in Secrets Manager. */
export const permissions: RolePermissions = {
  issue: (place) => [
    { actions: ["secretsmanager:GetSecretValue"], resources: [secretArn(place)] },
    ...atRest(place, "secretsmanager", ["kms:Decrypt"]),
  ],
  manage: (place) => [
    {
      actions: ["secretsmanager:CreateSecret", "secretsmanager:GetSecretValue", "secretsmanager:DeleteSecret"],
      resources: [secretArn(place)],
    },
    { actions: ["secretsmanager:ListSecrets"], resources: ["*"] },
    ...atRest(place, "secretsmanager", ["kms:Decrypt", "kms:GenerateDataKey"]),
  ],
};
