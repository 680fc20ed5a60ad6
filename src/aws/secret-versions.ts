import { isAws } from "./failure.js";
import { jsonCalls } from "./json-call.js";
import type { Transport } from "./transport.js";

/** A label that Secrets Manager's rotation moves from version to version. */
type StagingLabel = "AWSCURRENT" | "AWSPENDING";

/** The calls to Secrets Manager that one of its rotations takes. A secret is named by its ARN. */
export interface SecretVersions {
  /** @returns the secret's name, and each version's labels by the version's id */
  describe(secret: string): Promise<{ readonly name: string; readonly stages: ReadonlyMap<string, readonly string[]> }>;
  /** @returns `undefined` for a version without a value */
  value(secret: string, version: string): Promise<string | undefined>;
  /** Gives a version its value and the label of a rotation under way; again with the same value is success. */
  stage(secret: string, version: string, value: string): Promise<void>;
  /** Moves AWSCURRENT, only from the version that has it. */
  makeCurrent(secret: string, version: string, from: string | undefined): Promise<void>;
  /** Takes AWSPENDING off a version: another rotation can begin. */
  giveUp(secret: string, version: string): Promise<void>;
}

/** Binds them. */
export function createSecretVersions(transport: Transport): SecretVersions {
  const call = jsonCalls(transport, "secretsmanager");
  return Object.freeze({
    async describe(secret) {
      const example = { Name: "", "VersionIdsToStages?": {} } as const;
      const { Name, VersionIdsToStages } = await call("DescribeSecret", secret, { SecretId: secret }, example);
      const stages = Object.entries(VersionIdsToStages ?? {}).filter((each): each is [string, string[]] =>
        Array.isArray(each[1]),
      );
      return { name: Name, stages: new Map(stages) };
    },
    async value(secret, version) {
      try {
        const input = { SecretId: secret, VersionId: version };
        return (await call("GetSecretValue", secret, input, { "SecretString?": "" })).SecretString ?? undefined;
      } catch (error) {
        // A rotation that has just begun has a version without a value.
        if (isAws(error, "ResourceNotFoundException")) return undefined;
        throw error;
      }
    },
    async stage(secret, version, value) {
      const VersionStages: StagingLabel[] = ["AWSPENDING"];
      const input = { SecretId: secret, ClientRequestToken: version, SecretString: value, VersionStages };
      await call("PutSecretValue", secret, input, {});
    },
    async makeCurrent(secret, version, from) {
      const input = { SecretId: secret, VersionStage: "AWSCURRENT", MoveToVersionId: version, RemoveFromVersionId: from };
      await call("UpdateSecretVersionStage", secret, input, {});
    },
    async giveUp(secret, version) {
      const input = { SecretId: secret, VersionStage: "AWSPENDING", RemoveFromVersionId: version };
      await call("UpdateSecretVersionStage", secret, input, {});
    },
  } satisfies SecretVersions);
}
