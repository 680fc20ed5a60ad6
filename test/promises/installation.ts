import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { vi } from "vitest";
import { awsParts } from "../../src/assemble-aws.js";
import { createHandler, type Handler } from "../../src/lambda/issuer/issuer.js";
import { createKeyManager } from "../../src/lambda/key-manager/key-manager.js";
import { managerSettingsOf } from "../../src/lambda/key-manager/settings.js";
import { createManager } from "../../src/rotation/manager.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

export const HOUR = 3_600;
export const DAY = 24 * HOUR;
const ISSUER = "https://issuer.example";
export const START_MS = 1_800_000_000_000;

/** Where private keys are in AWS. */
export const CUSTODIES = ["parameter-store", "secrets-manager", "kms", "kms-data-key"] as const;
export type AwsCustody = (typeof CUSTODIES)[number];
/** Those of which the issuer has the key in its memory. */
export const IN_MEMORY = CUSTODIES.filter((custody) => custody !== "kms");

export type AwsService = "kms" | "ssm" | "secretsmanager" | "s3";
export const EVERY_SERVICE: readonly AwsService[] = ["kms", "ssm", "secretsmanager", "s3"];

const ARN = "arn:aws:lambda:eu-central-1:111122223333:function:f";
/** A call that gets no answer takes so long: longer than anything is tried again. */
const CALL_SECONDS = 60;

export const seconds = (): number => Math.floor(Date.now() / 1_000);
/** Lets time pass, on the clock that is the test's. */
export const pass = (count: number): void => void vi.setSystemTime(Date.now() + count * 1_000);

const sleep = async (count: number): Promise<void> => pass(count);

/** AWS in which installations are made. Its clock, and theirs, are the test's. */
export async function startAws() {
  const aws = await startFakeAws({ isDirect: true, credentials: [FAKE_CREDENTIALS] });
  aws.createBucket("keyrings");
  const wrapping: string = aws.perform("kms", "CreateKey", {}).KeyMetadata.Arn;
  let installations = 0;

  return {
    aws,
    /** From now on a service answers nobody. */
    away: (...services: readonly AwsService[]) => {
      for (const service of services) aws.switchOff(service, () => pass(CALL_SECONDS));
    },
    back: () => {
      for (const service of EVERY_SERVICE) aws.switchOn(service);
    },
    /** A new installation with a key that signs and a standby, and a day behind it. */
    async installed(custody: AwsCustody) {
      const name = `promise-${++installations}`;
      const env = {
        ...aws.env,
        SIGNET_INSTALLATION: name,
        SIGNET_KEYRING: `s3://keyrings/${name}`,
        SIGNET_ISSUER: ISSUER,
        SIGNET_KMS_KEY: wrapping,
        SIGNET_CUSTODY: custody,
        SIGNET_ALGORITHM: "ES256",
        SIGNET_LIMITS: JSON.stringify({ maxTtlSeconds: DAY }),
        SIGNET_ROTATION: JSON.stringify({ rotateEverySeconds: 4 * DAY }),
      };
      const lines: string[] = [];
      const manager = createKeyManager(env, (line) => lines.push(line), { sleep });
      const settings = managerSettingsOf(env);
      const { stores, custodians } = awsParts({ ...settings, custody, env, credentials: () => FAKE_CREDENTIALS });
      // As the creation of a stack does.
      const first = createManager({ stores, custodians, settings: settings.rotation, clock: seconds, sleep });
      await first.tick({ createKeyring: true });
      const context = { awsRequestId: "r", invokedFunctionArn: ARN, getRemainingTimeInMillis: () => 240_000 };
      const tick = () => manager({ action: "tick" }, context);
      const object = (key: string) =>
        JSON.parse(aws.state.buckets.get("keyrings").objects.get(`${name}/${key}`)?.at(-1)?.body?.toString());
      pass(DAY + HOUR);
      await tick();
      return {
        lines,
        tick,
        rotate: () => manager({ action: "rotate" }, context),
        keyring: () => object("keyring.json"),
        jwks: (): JSONWebKeySet => object(".well-known/jwks.json"),
        /** Another instance of the function that issues, before its first invocation. */
        start: (): Handler => createHandler(env, (line) => lines.push(line)),
      };
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One token, by one instance. What an instance confirms after its answer, in the background, is confirmed or has failed by then. */
export async function issue(instance: Handler, ttl = HOUR): Promise<string> {
  const context = { awsRequestId: "r", invokedFunctionArn: ARN, getRemainingTimeInMillis: () => 900 };
  try {
    const { token } = (await instance({ claims: { sub: "alice" }, ttl }, context)) as { token: string };
    return token;
  } finally {
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (let turns = 0; turns < 20; turns++) await turn();
  }
}

/** By jose, which shares no code with this. */
export async function isGood(token: string, jwks: JSONWebKeySet): Promise<boolean> {
  await jwtVerify(token, createLocalJWKSet(jwks), { currentDate: new Date() });
  return true;
}

/** A verifier of ours that fetches the keys by `read`. */
export function verifierOf(read: () => JSONWebKeySet) {
  return createVerifier({
    ...{ issuer: ISSUER, audience: null, jwksUrl: `${ISSUER}/.well-known/jwks.json` },
    ...{ clock: seconds, elapsed: seconds },
    fetch: async () => Response.json(read()),
  });
}
