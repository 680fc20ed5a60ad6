import { aliasesPrefix } from "../../aws/names.js";
import { arn, byTag, type InstallationPlace, keyArn, type Statement } from "../../aws/permissions.js";
import type { RolePermissions } from "../facts.js";

/** What roles may do with keys in KMS. */
export const permissions: RolePermissions = {
  issue: (place) => byTag(place, ["kms:Sign"]),
  manage,
};

function manage(place: InstallationPlace): readonly Statement[] {
  const made = {
    StringEquals: { "aws:RequestTag/signet:installation": place.installation },
    "ForAllValues:StringEquals": { "aws:TagKeys": ["signet:installation", "signet:key"] },
  };
  const alias = `${arn(place, "kms")}:${aliasesPrefix(place.installation)}*`;
  return [
    // A tag that is given at the making takes the right to give tags.
    { actions: ["kms:CreateKey", "kms:TagResource"], resources: ["*"], conditions: made },
    { actions: ["kms:ListAliases", "kms:ListKeys"], resources: ["*"] },
    // Keys of others are looked at for their tags, so that a key that a crash left is found.
    { actions: ["kms:DescribeKey", "kms:ListResourceTags"], resources: [keyArn(place)] },
    { actions: ["kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"], resources: [alias, keyArn(place)] },
    ...byTag(place, ["kms:GetPublicKey", "kms:Sign", "kms:ScheduleKeyDeletion"]),
  ];
}
