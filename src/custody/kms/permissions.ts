import { aliasesPrefix } from "../../aws/names.js";
import { arn, byTag, type InstallationScope, keyArn, type Statement } from "../../aws/permissions.js";
import type { RolePermissions } from "../facts.js";

/** What roles may do with keys in KMS. */
export const permissions: RolePermissions = {
  issue: (scope) => byTag(scope, ["kms:Sign"]),
  manage,
};

function manage(scope: InstallationScope): readonly Statement[] {
  const made = {
    StringEquals: { "aws:RequestTag/signet:installation": scope.installation },
    "ForAllValues:StringEquals": { "aws:TagKeys": ["signet:installation", "signet:key"] },
  };
  const alias = `${arn(scope, "kms")}:${aliasesPrefix(scope.installation)}*`;
  return [
    // A tag that is given at the making takes the right to give tags.
    { actions: ["kms:CreateKey", "kms:TagResource"], resources: ["*"], conditions: made },
    { actions: ["kms:ListAliases", "kms:ListKeys"], resources: ["*"] },
    // Keys of others are looked at for their tags, so that a key that a crash left is found.
    { actions: ["kms:DescribeKey", "kms:ListResourceTags"], resources: [keyArn(scope)] },
    { actions: ["kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"], resources: [alias, keyArn(scope)] },
    ...byTag(scope, ["kms:GetPublicKey", "kms:Sign", "kms:ScheduleKeyDeletion"]),
  ];
}
