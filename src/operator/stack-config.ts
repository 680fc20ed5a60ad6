import { checkConfig } from "../config/load.js";
import type { AwsConfig, Config } from "../config/schema.js";
import { findCustody } from "../custody/registry.js";
import { outputsOf, parameterOf, tokensOf, withNamedStack } from "./stack-access.js";
import type { Surroundings } from "./surroundings.js";

const DAY_SECONDS = 86_400;

/** The custody that a value of the template's `KeyCustodianParameter` names. */
export function custodyOfParameter(value: string): Config["custody"] {
  return findCustody(value)?.name ?? "parameter-store";
}

/**
 * The config of an issuer that a stack has installed: what its parameters and outputs say.
 *
 * @param name `stack:NAME`
 * @throws SignetError `usage` where there is no such stack in the region of the environment
 */
export async function stackConfig(surroundings: Surroundings, name: string): Promise<Config> {
  const { stack, region } = await withNamedStack(surroundings, name, (named) => named);
  const given = (parameter: string): string => parameterOf(stack, parameter);
  const { KeyringBucket: bucket = "", IssuerUrl: issuer, WrappingKeyArn: wrapping, KeyPolicy: keyPolicy } = outputsOf(stack);
  const kmsKey = given("SecretKmsKeyArn") || undefined;
  // A config names one key for both.
  const either = kmsKey ?? wrapping;
  const isEd25519 = given("Algorithm").startsWith("Ed");
  const members = {
    ...(issuer !== undefined && { issuer }),
    tokens: tokensOf(stack),
    ...(isEd25519 ? { algorithm: "Ed25519", ed25519Name: given("Algorithm") } : { algorithm: given("Algorithm") }),
    custody: custodyOfParameter(given("KeyCustodianParameter")),
    limits: { maxTtlSeconds: Number(given("MaxTtlSeconds")) },
    rotation: {
      rotateEverySeconds: Number(given("RotateEveryDays")) * DAY_SECONDS,
      ...(given("RotateByUpload") === "on" && { byUpload: true }),
    },
    aws: {
      installation: bucket,
      region,
      keyring: `s3://${bucket}`,
      ...(either !== undefined && { kmsKey: either }),
      ...(keyPolicy !== undefined && { keyPolicy }),
    },
  };
  const config = checkConfig(members, name, { env: surroundings.env });
  // A stack's functions may use the key that wraps for what is wrapped alone: a document that it encrypts at rest is closed to them.
  const aws = { ...(config.aws as AwsConfig), kmsKey, wrappingKey: wrapping };
  return { ...config, aws };
}
