import { activePath, activeSecret, aliasesPrefix, keysPath, secretsPrefix } from "./names.js";

/** Where an installation is, as ARNs name it. */
export interface InstallationPlace {
  /** "aws", "aws-cn", ... */
  readonly partition: string;
  /** What its services' names end in: "amazonaws.com", "amazonaws.com.cn", ... */
  readonly urlSuffix: string;
  readonly region: string;
  readonly accountId: string;
  readonly installation: string;
  /** The bucket and prefix of the keyring, where it is in S3; the prefix is empty or ends in a slash. */
  readonly keyring?: { readonly bucket: string; readonly prefix: string } | undefined;
  /** The KMS keys that sign name the roles in their own policy: no right goes by a tag then. */
  readonly hasKeyPolicies?: boolean | undefined;
  /** The ARN of the KMS key that encrypts at rest, or wraps. */
  readonly kmsKeyArn?: string | undefined;
}

/** One statement of an IAM policy. */
export interface Statement {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>> | undefined;
}

/** Who holds keys in AWS. */
export type AwsCustody = "parameter-store" | "secrets-manager" | "kms" | "kms-data-key";

/** What an issuer does: it reads the active document and signs. */
export function issuingPermissions(custody: AwsCustody, place: InstallationPlace): readonly Statement[] {
  const active = { actions: ["ssm:GetParameters"], resources: [parameterArn(place, `${activePath(place.installation)}/*`)] };
  const { kmsKeyArn } = place;
  switch (custody) {
    case "parameter-store":
      return [active, ...atRest(place, "ssm", ["kms:Decrypt"])];
    case "secrets-manager":
      return [
        active,
        { actions: ["secretsmanager:GetSecretValue"], resources: [secretArn(place)] },
        ...atRest(place, "secretsmanager", ["kms:Decrypt"]),
      ];
    case "kms":
      return [active, ...byTag(place, ["kms:Sign"])];
    case "kms-data-key":
      return [active, { actions: ["kms:Decrypt"], resources: [kmsKeyArn ?? keyArn(place)], conditions: context(place) }];
  }
}

/** What a manager does: it makes, publishes, activates and destroys keys, and proves each by a signature. */
export function managingPermissions(custody: AwsCustody, place: InstallationPlace): readonly Statement[] {
  return [...documentPermissions(place), ...custodianPermissions(custody, place)];
}

/**
 * The policy of KMS keys that sign, for `aws.keyPolicy`: the account keeps its rule over them, and both roles have their rights there.
 *
 * @param issuer the ARN of the role that signs
 * @param manager the ARN of the role that makes and destroys keys
 */
export function signingKeyPolicy({ partition, accountId }: InstallationPlace, issuer: string, manager: string): string {
  const allow = (AWS: string, Action: string | readonly string[]) => ({
    Effect: "Allow",
    Principal: { AWS },
    Action,
    Resource: "*",
  });
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      allow(`arn:${partition}:iam::${accountId}:root`, "kms:*"),
      allow(issuer, "kms:Sign"),
      allow(manager, ["kms:Sign", "kms:GetPublicKey", "kms:ScheduleKeyDeletion"]),
    ],
  });
}

/** What a manager does besides where Secrets Manager drives the rotation. */
export function secretRotationPermissions(place: InstallationPlace): readonly Statement[] {
  const calls = ["DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"];
  const resources = [`${arn(place, "secretsmanager")}:secret:${activeSecret(place.installation)}-*`];
  return [{ actions: calls.map((call) => `secretsmanager:${call}`), resources }];
}

function documentPermissions(place: InstallationPlace): readonly Statement[] {
  const active = {
    actions: ["ssm:GetParameters", "ssm:PutParameter", "ssm:DeleteParameter"],
    resources: [parameterArn(place, `${activePath(place.installation)}/*`)],
  };
  if (place.keyring === undefined) return [active];
  const { bucket, prefix } = place.keyring;
  const bucketArn = `arn:${place.partition}:s3:::${bucket}`;
  return [
    active,
    { actions: ["s3:GetObject", "s3:PutObject"], resources: [`${bucketArn}/${prefix}*`] },
    // Without the right to list, S3 says of an object that is not there that it is forbidden.
    { actions: ["s3:ListBucket"], resources: [bucketArn] },
  ];
}

function custodianPermissions(custody: AwsCustody, place: InstallationPlace): readonly Statement[] {
  const keys = parameterArn(place, keysPath(place.installation));
  const parameters = [
    { actions: ["ssm:GetParameters", "ssm:PutParameter", "ssm:DeleteParameter"], resources: [`${keys}/*`] },
    { actions: ["ssm:GetParametersByPath"], resources: [keys] },
  ];
  switch (custody) {
    case "parameter-store":
      // A parameter beyond 4,096 bytes (an RSA key of 4,096 bits) is encrypted by a data key.
      return [...parameters, ...atRest(place, "ssm", ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"])];
    case "secrets-manager":
      return [
        {
          actions: ["secretsmanager:CreateSecret", "secretsmanager:GetSecretValue", "secretsmanager:DeleteSecret"],
          resources: [secretArn(place)],
        },
        { actions: ["secretsmanager:ListSecrets"], resources: ["*"] },
        ...atRest(place, "secretsmanager", ["kms:Decrypt", "kms:GenerateDataKey"]),
      ];
    case "kms":
      return kmsPermissions(place);
    case "kms-data-key":
      return [
        ...parameters,
        {
          actions: ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKeyPairWithoutPlaintext"],
          resources: [place.kmsKeyArn ?? keyArn(place)],
          conditions: context(place),
        },
      ];
  }
}

function kmsPermissions(place: InstallationPlace): readonly Statement[] {
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

// The KMS key that a service encrypts with is used through that service alone.
function atRest(place: InstallationPlace, service: string, actions: readonly string[]): readonly Statement[] {
  if (place.kmsKeyArn === undefined) return [];
  const via = { "kms:ViaService": `${service}.${place.region}.${place.urlSuffix}` };
  return [{ actions, resources: [place.kmsKeyArn], conditions: { StringEquals: via } }];
}

// The right to tag keys makes any key one of the installation's: it is for keys that were made before they had policies.
function byTag(place: InstallationPlace, actions: readonly string[]): readonly Statement[] {
  if (place.hasKeyPolicies === true) return [];
  const conditions = { StringEquals: { "aws:ResourceTag/signet:installation": place.installation } };
  return [{ actions, resources: [keyArn(place)], conditions }];
}

function context({ installation }: InstallationPlace): Statement["conditions"] {
  return { StringEquals: { "kms:EncryptionContext:signet:installation": installation } };
}

function arn({ partition, region, accountId }: InstallationPlace, service: string): string {
  return `arn:${partition}:${service}:${region}:${accountId}`;
}

function keyArn(place: InstallationPlace): string {
  return `${arn(place, "kms")}:key/*`;
}

function parameterArn(place: InstallationPlace, path: string): string {
  return `${arn(place, "ssm")}:parameter${path}`;
}

function secretArn(place: InstallationPlace): string {
  return `${arn(place, "secretsmanager")}:secret:${secretsPrefix(place.installation)}*`;
}
