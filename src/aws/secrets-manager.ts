import { asArgument } from "../encoding/shell-argument.js";
import { AwsFailure, isAws } from "./failure.js";
import { type JsonCall, jsonCalls } from "./json-call.js";
import { pages } from "./pages.js";
import type { Transport } from "./transport.js";

/** A secret that was read. */
export interface Secret {
  readonly arn: string;
  readonly version: string;
  readonly value: string;
}

/** The calls to Secrets Manager that Signet makes. A secret is named by its name or its ARN. */
export interface SecretsManager {
  /** @returns `undefined` where there is none */
  get(secret: string, version?: string): Promise<Secret | undefined>;
  /** @returns false, with nothing changed, where the name is taken */
  create(input: { name: string; value: string; token: string; kmsKey?: string | undefined }): Promise<boolean>;
  /** Deletes a secret at once; absent is success. */
  delete(secret: string): Promise<void>;
  /** The names that begin so. */
  names(prefix: string): AsyncIterable<string>;
}

/** Binds Secrets Manager. */
export function createSecretsManager(transport: Transport): SecretsManager {
  const call = jsonCalls(transport, "secretsmanager");
  return Object.freeze({
    get: getSecret(call),
    async create({ name, value, token, kmsKey }) {
      const input = { Name: name, SecretString: value, ClientRequestToken: token };
      try {
        await call("CreateSecret", name, { ...input, ...(kmsKey !== undefined && { KmsKeyId: kmsKey }) }, {});
        return true;
      } catch (error) {
        if (isAws(error, "ResourceExistsException")) return false;
        throw error;
      }
    },
    async delete(secret) {
      try {
        await call("DeleteSecret", secret, { SecretId: secret, ForceDeleteWithoutRecovery: true }, {});
      } catch (error) {
        if (!isAws(error, "ResourceNotFoundException")) throw error;
      }
    },
    async *names(prefix) {
      const ask = (token: string | undefined) => {
        const Filters = [{ Key: "name", Values: [prefix] }];
        const input = { Filters, MaxResults: 100, ...(token !== undefined && { NextToken: token }) };
        return call("ListSecrets", "*", input, { SecretList: [{ Name: "" }], "NextToken?": "" });
      };
      // The filter compares words without regard to case.
      for await (const { SecretList } of pages("secretsmanager:ListSecrets", ask, ({ NextToken }) => NextToken))
        for (const { Name } of SecretList) if (Name.startsWith(prefix)) yield Name;
    },
  } satisfies SecretsManager);
}

/** Binds what an issuer needs of Secrets Manager, and nothing else. */
export function createSecretReader(transport: Transport): Pick<SecretsManager, "get"> {
  return { get: getSecret(jsonCalls(transport, "secretsmanager")) };
}

function getSecret(call: JsonCall): SecretsManager["get"] {
  return async (secret, version) => {
    try {
      const input = { SecretId: secret, ...(version !== undefined && { VersionId: version }) };
      const found = await call("GetSecretValue", secret, input, { ARN: "", VersionId: "", "SecretString?": "" });
      // A secret of bytes has no text.
      return { arn: found.ARN, version: found.VersionId, value: found.SecretString ?? "" };
    } catch (error) {
      if (isAws(error, "ResourceNotFoundException")) return undefined;
      throw isAws(error, "InvalidRequestException") ? markedForDeletion(error, secret) : error;
    }
  };
}

/** GetSecretValue, "InvalidRequestException": a secret of which one value is read can only be one that is scheduled for deletion. */
export function markedForDeletion(cause: AwsFailure, secret: string): AwsFailure {
  const words = `the secret ${secret} is about to be deleted; to save it: \`aws secretsmanager restore-secret --secret-id ${asArgument(secret)}\``;
  return new AwsFailure("key_unusable", words, cause.awsCode, cause);
}
