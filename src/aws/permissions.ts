import { activePath, activeSecret, keysPath, secretsPrefix } from "./names.js";

/** Where an installation is, as ARNs name it. */
export interface InstallationScope {
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
export function readingPermissions(scope: InstallationScope): readonly Statement[] {
  return [{ actions: ["ssm:GetParameters"], resources: [parameterArn(scope, `${activePath(scope.installation)}/*`)] }];
}

/**
 * The policy of KMS keys that sign, for `aws.keyPolicy`: the account keeps its rule over them, and both roles have their rights there.
 *
 * @param issuer the ARN of the role that signs
 * @param manager the ARN of the role that makes and destroys keys
 */
export function signingKeyPolicy({ partition, accountId }: InstallationScope, issuer: string, manager: string): string {
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
export function secretRotationPermissions(scope: InstallationScope): readonly Statement[] {
  const calls = ["DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"];
  const resources = [`${arn(scope, "secretsmanager")}:secret:${activeSecret(scope.installation)}-*`];
  return [{ actions: calls.map((call) => `secretsmanager:${call}`), resources }];
}

/** What a manager does with every custodian: active document, keyring, public documents. */
export function documentPermissions(scope: InstallationScope): readonly Statement[] {
  const active = {
    actions: ["ssm:GetParameters", "ssm:PutParameter", "ssm:DeleteParameter"],
    resources: [parameterArn(scope, `${activePath(scope.installation)}/*`)],
  };
  if (scope.keyring === undefined) return [active];
  const { bucket, prefix } = scope.keyring;
  const bucketArn = `arn:${scope.partition}:s3:::${bucket}`;
  return [
    active,
    { actions: ["s3:GetObject", "s3:PutObject"], resources: [`${bucketArn}/${prefix}*`] },
    // A discovery document that is not the issuer's goes.
    { actions: ["s3:DeleteObject"], resources: [`${bucketArn}/${prefix}.well-known/*`] },
    // Without the right to list, S3 says of an object that is not there that it is forbidden.
    { actions: ["s3:ListBucket"], resources: [bucketArn] },
  ];
}

/** Keys as parameters: they are made, read, destroyed and listed. */
export function keyParameters(scope: InstallationScope): readonly Statement[] {
  const keys = parameterArn(scope, keysPath(scope.installation));
  return [
    { actions: ["ssm:GetParameters", "ssm:PutParameter", "ssm:DeleteParameter"], resources: [`${keys}/*`] },
    { actions: ["ssm:GetParametersByPath"], resources: [keys] },
  ];
}

/** The KMS key that a service encrypts with is used through that service alone. */
export function atRest(scope: InstallationScope, service: string, actions: readonly string[]): readonly Statement[] {
  if (scope.kmsKeyArn === undefined) return [];
  const via = { "kms:ViaService": `${service}.${scope.region}.${scope.urlSuffix}` };
  return [{ actions, resources: [scope.kmsKeyArn], conditions: { StringEquals: via } }];
}

/** The right to tag keys makes any key one of the installation's: it is for keys that were made before they had policies. */
export function byTag(scope: InstallationScope, actions: readonly string[]): readonly Statement[] {
  if (scope.hasKeyPolicies === true) return [];
  const conditions = { StringEquals: { "aws:ResourceTag/signet:installation": scope.installation } };
  return [{ actions, resources: [keyArn(scope)], conditions }];
}

/** Bound to the installation by the encryption context. */
export function ofInstallation({ installation }: InstallationScope): Statement["conditions"] {
  return { StringEquals: { "kms:EncryptionContext:signet:installation": installation } };
}

/** What the ARNs of a service begin with. */
export function arn({ partition, region, accountId }: InstallationScope, service: string): string {
  return `arn:${partition}:${service}:${region}:${accountId}`;
}

/** Every KMS key of the account and region. */
export function keyArn(scope: InstallationScope): string {
  return `${arn(scope, "kms")}:key/*`;
}

function parameterArn(scope: InstallationScope, path: string): string {
  return `${arn(scope, "ssm")}:parameter${path}`;
}

/** The installation's secrets that hold keys. */
export function secretArn(scope: InstallationScope): string {
  return `${arn(scope, "secretsmanager")}:secret:${secretsPrefix(scope.installation)}*`;
}
