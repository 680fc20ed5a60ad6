import { ALGORITHM_NAMES, type AlgorithmName, findAlgorithm } from "../../algorithms/table.js";
import { findLambdaCustody, LAMBDA_CUSTODIES } from "../../custody/lambda.js";
import { closedObject, settingsReader } from "../../encoding/object-schema.js";
import type { Custody } from "../../keyring/key-record.js";
import type { RotationPolicy } from "../../keyring/keyring.js";
import type { NoticeTargets } from "../../notify/notifier.js";
import type { RotationSettings } from "../../rotation/plan/policy.js";
import { DEFAULT_LIMITS } from "../../settings/limits.js";
import { DEFAULT_POLICY, POLICY_MEMBERS } from "../../settings/policy.js";
import { assertVariablesAreSpelt, type Environment, isYesIn, limitsIn, membersIn, tokensIn, wrong } from "../shared/settings.js";

/** What the key manager's function is told by its environment. */
export interface ManagerSettings {
  readonly installation: string;
  readonly region: string;
  /** Where the keyring and the public documents are: `s3://BUCKET/PREFIX`. */
  readonly keyring: string;
  /** The KMS key that wraps private keys, or encrypts them at rest. */
  readonly kmsKey: string | undefined;
  /** The KMS key that wraps private keys, where it is another one. */
  readonly wrappingKey: string | undefined;
  /** The key policy of KMS keys that are made. */
  readonly keyPolicy: string | undefined;
  readonly rotation: RotationSettings;
  readonly metrics: boolean;
  /** Who is told of each change of a key; the webhook's secret may name a parameter, as `ssm:/NAME`. */
  readonly notices: NoticeTargets;
  /** Clients get tokens at `POST /token`: the metadata says so. */
  readonly hasTokenRoute: boolean;
  /** The ARN of the stack whose custom resource this function is; requests of no other are answered. */
  readonly stackId: string | undefined;
  /** Where a custom resource's answer may go besides CloudFormation's own buckets: an emulator on this machine. */
  readonly responseEndpoint: string | undefined;
}

const DAY_SECONDS = 86_400;

const readPolicy = settingsReader(closedObject([], POLICY_MEMBERS));

/**
 * Reads the settings. `SIGNET_LIMITS`, `SIGNET_TOKENS` and `SIGNET_ROTATION` are JSON, spelled as in `signet.json`.
 *
 * @throws SignetError `config_invalid`, naming the variable
 */
export function managerSettingsOf(env: Environment): ManagerSettings {
  assertVariablesAreSpelt(env);
  const { SIGNET_INSTALLATION: installation, SIGNET_KEYRING: keyring = "" } = env;
  if (!installation) throw wrong("SIGNET_INSTALLATION", "is not set: it names the installation");
  if (!/^s3:\/\/[^/]+/.test(keyring)) throw wrong("SIGNET_KEYRING", "must be s3://BUCKET or s3://BUCKET/PREFIX");
  return {
    installation,
    region: env.AWS_REGION ?? "",
    keyring,
    kmsKey: env.SIGNET_KMS_KEY || undefined,
    wrappingKey: env.SIGNET_WRAPPING_KEY || undefined,
    keyPolicy: env.SIGNET_KEY_POLICY || undefined,
    rotation: rotationOf(env),
    metrics: isYesIn(env, "SIGNET_METRICS"),
    notices: {
      webhook: env.SIGNET_WEBHOOK || undefined,
      webhookSecret: env.SIGNET_WEBHOOK_SECRET,
      eventBus: env.SIGNET_EVENT_BUS || undefined,
    },
    hasTokenRoute: isYesIn(env, "SIGNET_TOKEN_ROUTE"),
    stackId: env.SIGNET_STACK_ID || undefined,
    responseEndpoint: env.AWS_ENDPOINT_URL || undefined,
  };
}

function rotationOf(env: Environment): RotationSettings {
  const limits = { ...DEFAULT_LIMITS, ...limitsIn(env) };
  return {
    issuer: issuerIn(env),
    algorithm: algorithmIn(env),
    custody: custodyIn(env),
    policy: policyIn(env),
    maxTtlSeconds: limits.maxTtlSeconds,
    allowsUnlimitedTokens: !limits.requireExpiration && limits.defaultTtlSeconds === null,
  };
}

// What is wrong with SIGNET_TOKENS is told to CloudFormation (stack-keys.ts), which would wait in vain for a function that does not start.
function issuerIn(env: Environment): string | null {
  try {
    if (tokensIn(env).iss !== undefined) return null;
  } catch {
    // Told there.
  }
  return env.SIGNET_ISSUER || null;
}

function algorithmIn({ SIGNET_ALGORITHM: name = "" }: Environment): AlgorithmName {
  const found = findAlgorithm(name || "ES256");
  if (found !== undefined) return found.name;
  throw wrong("SIGNET_ALGORITHM", `must be one of ${ALGORITHM_NAMES.join(", ")}`);
}

function custodyIn(env: Environment): Custody {
  const found = findLambdaCustody(env.SIGNET_CUSTODY || "parameter-store");
  if (found !== undefined) return found;
  throw wrong("SIGNET_CUSTODY", `must be one of ${LAMBDA_CUSTODIES.join(", ")}`);
}

function policyIn(env: Environment): RotationPolicy {
  const given = membersIn(env, "SIGNET_ROTATION", readPolicy);
  const { SIGNET_ROTATE_EVERY_DAYS: days } = env;
  if (days && !/^\d{1,5}$/.test(days)) throw wrong("SIGNET_ROTATE_EVERY_DAYS", "must be whole days; 0 is by hand");
  return { ...DEFAULT_POLICY, ...given, ...(days && { rotateEverySeconds: Number(days) * DAY_SECONDS }) };
}
