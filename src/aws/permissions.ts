import { activePath, activeSecret, keysPath, secretsPrefix } from "./names.js";

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

/** What an issuer does with every custodian: it reads the active document. */
export function readingPermissions(place: InstallationPlace): readonly Statement[] {
  return [{ actions: ["ssm:GetParameters"], resources: [parameterArn(place, `${activePath(place.installation)}/*`)] }];
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

/** What a manager does with every custodian: active document, keyring, public documents. */
export function documentPermissions(place: InstallationPlace): readonly Statement[] {
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

/** Keys as parameters: they are made, read, destroyed and listed. */
export function keyParameters(place: InstallationPlace): readonly Statement[] {
  const keys = parameterArn(place, keysPath(place.installation));
  return [
    { actions: ["ssm:GetParameters", "ssm:PutParameter", "ssm:DeleteParameter"], resources: [`${keys}/*`] },
    { actions: ["ssm:GetParametersByPath"], resources: [keys] },
  ];
}

/** The KMS key that a service encrypts with is used through that service alone. */
export function atRest(place: InstallationPlace, service: string, actions: readonly string[]): readonly Statement[] {
  if (place.kmsKeyArn === undefined) return [];
  const via = { "kms:ViaService": `${service}.${place.region}.${place.urlSuffix}` };
  return [{ actions, resources: [place.kmsKeyArn], conditions: { StringEquals: via } }];
}

/** The right to tag keys makes any key one of the installation's: it is for keys that were made before they had policies. */
export function byTag(place: InstallationPlace, actions: readonly string[]): readonly Statement[] {
  if (place.hasKeyPolicies === true) return [];
  const conditions = { StringEquals: { "aws:ResourceTag/signet:installation": place.installation } };
  return [{ actions, resources: [keyArn(place)], conditions }];
}

/** Bound to the installation by the encryption context. */
export function ofInstallation({ installation }: InstallationPlace): Statement["conditions"] {
  return { StringEquals: { "kms:EncryptionContext:signet:installation": installation } };
}

/** What the ARNs of a service begin with. */
export function arn({ partition, region, accountId }: InstallationPlace, service: string): string {
  return `arn:${partition}:${service}:${region}:${accountId}`;
}

/** Every KMS key of the account and region. */
export function keyArn(place: InstallationPlace): string {
  return `${arn(place, "kms")}:key/*`;
}

function parameterArn(place: InstallationPlace, path: string): string {
  return `${arn(place, "ssm")}:parameter${path}`;
}

/** The installation's secrets that hold keys. */
export function secretArn(place: InstallationPlace): string {
  return `${arn(place, "secretsmanager")}:secret:${secretsPrefix(place.installation)}*`;
}
