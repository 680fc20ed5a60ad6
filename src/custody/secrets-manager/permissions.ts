import { atRest, secretArn } from "../../aws/permissions.js";
import type { RolePermissions } from "../facts.js";

/** What roles may do with keys in Secrets Manager. */
export const permissions: RolePermissions = {
  issue: (scope) => [
    { actions: ["secretsmanager:GetSecretValue"], resources: [secretArn(scope)] },
    ...atRest(scope, "secretsmanager", ["kms:Decrypt"]),
  ],
  manage: (scope) => [
    {
      actions: ["secretsmanager:CreateSecret", "secretsmanager:GetSecretValue", "secretsmanager:DeleteSecret"],
      resources: [secretArn(scope)],
    },
    { actions: ["secretsmanager:ListSecrets"], resources: ["*"] },
    ...atRest(scope, "secretsmanager", ["kms:Decrypt", "kms:GenerateDataKey"]),
  ],
};
