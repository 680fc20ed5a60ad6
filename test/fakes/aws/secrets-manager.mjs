/** Secrets Manager: rules from its API reference. */
import { randomBytes } from "node:crypto";
import { must, page } from "./refusal.mjs";

const BINARY = "\0binary:";

/** @param {{ region: string, accountId: string, partition: string, now: () => number, useKey: (service: string, named: string, actions: readonly string[], context: Record<string, string>) => void, needKms: (code: string) => void, lag: ReturnType<typeof import("./lag.mjs").createLag> }} world */
export function createSecretsManagerFake(world) {
  const secrets = world.lag.map();
  const prefix = `arn:${world.partition}:secretsmanager:${world.region}:${world.accountId}:secret:`;

  const lookUp = (id) =>
    [...secrets.values()].find((secret) => secret.name === id || secret.arn === id || secret.arn.slice(0, -7) === id);
  function find(id) {
    const secret = lookUp(id);
    must(secret, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    // GetSecretValue and others: a secret that is scheduled for deletion is an invalid request.
    must(
      secret.deletedAt === undefined,
      "InvalidRequestException",
      "You can't perform this operation on the secret because it was marked for deletion.",
    );
    return secret;
  }

  // User guide, "Secret encryption and decryption": the caller needs the rights on a key of its own, and the encryption context has the
  // secret's ARN.
  function useKey({ arn, kmsKeyId = "alias/aws/secretsmanager" }, actions) {
    const context = { "kms:EncryptionContext:SecretARN": arn };
    if (kmsKeyId !== "alias/aws/secretsmanager") world.useKey("secretsmanager", kmsKeyId, actions, context);
  }

  function checkVersion(token, value) {
    must(
      typeof token === "string" && token.length >= 32 && token.length <= 64,
      "ValidationException",
      "ClientRequestToken: 32 to 64 characters",
    );
    must(
      typeof value === "string" && value.length >= 1 && Buffer.byteLength(value) <= 65_536,
      "ValidationException",
      "SecretString: 1 to 65536 bytes",
    );
  }

  function put(secret, token, value, stages) {
    const present = secret.versions.get(token);
    must(
      present?.value === undefined || present.value === value,
      "ResourceExistsException",
      "A resource with the ID you requested already exists.",
    );
    if (present !== undefined) present.value = value;
    else secret.versions.set(token, { id: token, value, stages: new Set(), at: world.now() });
    for (const stage of stages) moveStage(secret, stage, token);
  }

  function moveStage(secret, stage, to) {
    for (const version of secret.versions.values()) {
      if (version.id !== to && version.stages.delete(stage) && stage === "AWSCURRENT") {
        for (const other of secret.versions.values()) other.stages.delete("AWSPREVIOUS");
        version.stages.add("AWSPREVIOUS");
      }
    }
    if (to !== undefined) secret.versions.get(to).stages.add(stage);
  }

  const actions = {
    CreateSecret({ Name, SecretString: text, SecretBinary, ClientRequestToken, KmsKeyId, Tags = [] }) {
      // A value is a text or bytes, which are base64 on the wire: a mark tells them apart here.
      const SecretString = SecretBinary === undefined ? text : `${BINARY}${SecretBinary}`;
      must(typeof Name === "string" && /^[A-Za-z0-9/_+=.@-]{1,512}$/.test(Name), "ValidationException", "Name");
      checkVersion(ClientRequestToken, SecretString);
      const present = lookUp(Name);
      if (present !== undefined) {
        must(
          present.deletedAt === undefined,
          "InvalidRequestException",
          "You can't create this secret because a secret with this name is already scheduled for deletion.",
        );
        const same = present.versions.get(ClientRequestToken);
        must(
          same !== undefined && same.value === SecretString,
          "ResourceExistsException",
          `The operation failed because the secret ${Name} already exists.`,
        );
        return { ARN: present.arn, Name, VersionId: ClientRequestToken };
      }
      const secret = {
        name: Name,
        arn: `${prefix}${Name}-${randomBytes(12)
          .toString("base64")
          .replace(/[^A-Za-z0-9]/g, "")
          .slice(0, 6)
          .padEnd(6, "x")}`,
        kmsKeyId: KmsKeyId,
        tags: Tags,
        versions: new Map(),
        deletedAt: undefined,
      };
      useKey(secret, ["GenerateDataKey", "Decrypt"]);
      secrets.set(secret.arn, secret);
      put(secret, ClientRequestToken, SecretString, ["AWSCURRENT"]);
      return { ARN: secret.arn, Name, VersionId: ClientRequestToken };
    },
    GetSecretValue({ SecretId, VersionId, VersionStage = VersionId === undefined ? "AWSCURRENT" : undefined }) {
      const secret = find(SecretId);
      const version = [...secret.versions.values()].find(
        (each) =>
          (VersionId === undefined || each.id === VersionId) && (VersionStage === undefined || each.stages.has(VersionStage)),
      );
      must(version?.value !== undefined, "ResourceNotFoundException", "Secrets Manager can't find the specified secret value.");
      useKey(secret, ["Decrypt"]);
      world.needKms("InternalServiceError");
      return {
        ARN: secret.arn,
        Name: secret.name,
        VersionId: version.id,
        ...(version.value.startsWith(BINARY)
          ? { SecretBinary: version.value.slice(BINARY.length) }
          : { SecretString: version.value }),
        VersionStages: [...version.stages],
        CreatedDate: version.at / 1000,
      };
    },
    PutSecretValue({ SecretId, SecretString, ClientRequestToken, VersionStages = ["AWSCURRENT"] }) {
      checkVersion(ClientRequestToken, SecretString);
      const secret = find(SecretId);
      useKey(secret, ["GenerateDataKey", "Decrypt"]);
      put(secret, ClientRequestToken, SecretString, VersionStages);
      return { ARN: secret.arn, Name: secret.name, VersionId: ClientRequestToken, VersionStages };
    },
    // RotateSecret begins with a version without a value, labelled AWSPENDING; the four steps are the test's to call.
    RotateSecret({ SecretId, ClientRequestToken }) {
      const secret = find(SecretId);
      secret.versions.set(ClientRequestToken, { id: ClientRequestToken, value: undefined, stages: new Set(), at: world.now() });
      moveStage(secret, "AWSPENDING", ClientRequestToken);
      return { ARN: secret.arn, Name: secret.name, VersionId: ClientRequestToken };
    },
    DescribeSecret({ SecretId }) {
      const secret = lookUp(SecretId);
      must(secret, "ResourceNotFoundException");
      return {
        ARN: secret.arn,
        Name: secret.name,
        KmsKeyId: secret.kmsKeyId,
        VersionIdsToStages: Object.fromEntries([...secret.versions.values()].map(({ id, stages }) => [id, [...stages]])),
        ...(secret.deletedAt && { DeletedDate: secret.deletedAt / 1000 }),
      };
    },
    UpdateSecretVersionStage({ SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId }) {
      const secret = find(SecretId);
      const holder = [...secret.versions.values()].find(({ stages }) => stages.has(VersionStage));
      // RemoveFromVersionId: where the label is on another version, the operation fails; to move one that is in use it must be given.
      must(
        holder === undefined || RemoveFromVersionId === holder.id,
        "InvalidParameterException",
        `The staging label ${VersionStage} is currently attached to version ${holder?.id}`,
      );
      must(MoveToVersionId === undefined || secret.versions.has(MoveToVersionId), "ResourceNotFoundException");
      moveStage(secret, VersionStage, MoveToVersionId);
      return { ARN: secret.arn, Name: secret.name };
    },
    ListSecrets({ Filters = [], MaxResults = 100, NextToken }) {
      must(MaxResults >= 1 && MaxResults <= 100, "ValidationException", "MaxResults");
      const holds = (secret) =>
        Filters.every(
          ({ Key, Values }) =>
            Key === "name" && Values.some((value) => secret.name.toLowerCase().startsWith(value.toLowerCase())),
        );
      const { items, next } = page(
        [...world.lag.seen("secrets", secrets).values()].filter((secret) => secret.deletedAt === undefined && holds(secret)),
        MaxResults,
        NextToken,
      );
      return { SecretList: items.map(({ arn, name }) => ({ ARN: arn, Name: name })), ...(next && { NextToken: next }) };
    },
    DeleteSecret({ SecretId, ForceDeleteWithoutRecovery = false, RecoveryWindowInDays }) {
      must(
        !(ForceDeleteWithoutRecovery && RecoveryWindowInDays !== undefined),
        "InvalidParameterException",
        "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
      );
      const days = RecoveryWindowInDays ?? 30;
      must(Number.isInteger(days) && days >= 7 && days <= 30, "InvalidParameterException", "RecoveryWindowInDays: 7 to 30");
      const secret = lookUp(SecretId);
      // DeleteSecret with force succeeds for a secret that is not there, too; without it is an error.
      if (secret === undefined && ForceDeleteWithoutRecovery) return { Name: SecretId };
      must(secret, "ResourceNotFoundException");
      if (ForceDeleteWithoutRecovery) secrets.delete(secret.arn);
      else secret.deletedAt = world.now();
      return { ARN: secret.arn, Name: secret.name, DeletionDate: world.now() / 1000 };
    },
  };
  const resourceOf = ({ SecretId, Name }) =>
    lookUp(SecretId ?? Name)?.arn ?? ((SecretId ?? Name) ? `${prefix}${SecretId ?? Name}` : "*");
  return { actions, resourceOf, state: secrets };
}
