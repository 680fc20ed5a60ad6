import { sign as signBytes } from "node:crypto";
import { refusal } from "../../../src/aws/failure.js";
import type { Kms, KmsKey } from "../../../src/aws/kms.js";
import type { Bucket } from "../../../src/aws/s3.js";
import type { SecretsManager } from "../../../src/aws/secrets-manager.js";
import type { ParameterStore } from "../../../src/aws/ssm.js";
import type { Clockwork } from "../world/clockwork.js";
import { pooledKey } from "../world/key-pool.js";

/** How a caller reaches the cloud: managers over a wire on which calls are lost, issuers at once. */
type Reach = <T>(name: string, effect: (isStale: boolean) => T) => Promise<T>;

/** What the cloud is like for everybody. */
export interface Weather {
  /** How old an answer may be. Reads of objects are never old: S3 is strongly consistent. */
  readonly staleSeconds: number;
  /** Every answer is so old, not only those that chance picks. */
  readonly isAlwaysStale: boolean;
  /** One list in so many leaves out half of what there is; 0: none. */
  readonly partialEvery: number;
}

/** A call as rules of weather see it. */
type Denies = (action: string) => "denied" | "throttled" | undefined;

/** A KMS key as it really is. */
interface CloudKey {
  readonly id: string;
  readonly arn: string;
  readonly pool: number;
  readonly tags: Readonly<Record<string, string>>;
  state: "Enabled" | "Disabled" | "PendingDeletion";
}

/** What a value was when. */
interface Past<T> {
  get(lateSeconds?: number): T;
  set(value: T): undefined;
}

type Values<T> = Past<ReadonlyMap<string, T>>;

/** KMS, Parameter Store, Secrets Manager and one bucket, in virtual time and with their past. */
export interface Cloud {
  readonly keys: Map<string, CloudKey>;
  readonly aliases: Values<string>;
  readonly parameters: Values<string>;
  readonly secrets: Values<{ readonly value: string; readonly version: string }>;
  readonly objects: Values<{ readonly body: string; readonly etag: string }>;
  /** Puts something by hand; `undefined` takes it away. */
  edit<T>(values: Values<T>, name: string, value: T | undefined): undefined;
  clientsFor(reach: Reach, denies: Denies): CloudClients;
  /** Told when a private part goes by a client's call. */
  onDestroyed: (what: { readonly arn?: string; readonly name?: string; readonly value?: string }) => void;
}

export interface CloudClients {
  readonly kms: Kms;
  readonly parameters: ParameterStore;
  readonly secrets: SecretsManager;
  readonly bucket: Bucket;
}

const ACCOUNT = "arn:aws:kms:eu-central-1:111122223333:key/";
/** The symmetric key that wraps private keys. */
export const WRAPPING_KEY = `${ACCOUNT}wrapping`;

/** A value with its past. */
function past<T>(clockwork: Clockwork, first: T): Past<T> {
  const all: { time: number; value: T }[] = [{ time: Number.NEGATIVE_INFINITY, value: first }];
  return {
    get: (late = 0) => (all.findLast(({ time }) => time <= clockwork.now() - late) as { value: T }).value,
    set(value) {
      all.push({ time: clockwork.now(), value });
    },
  };
}

export function createCloud(clockwork: Clockwork, weather: Weather): Cloud {
  const keys = new Map<string, CloudKey>();
  const aliases: Values<string> = past(clockwork, new Map());
  const parameters: Values<string> = past(clockwork, new Map());
  const secrets: Values<{ value: string; version: string }> = past(clockwork, new Map());
  const objects: Values<{ body: string; etag: string }> = past(clockwork, new Map());
  let made = 0;
  /** Which of the pooled keys were made here; custodians that are handed theirs take others. */
  let pools = 0;
  let lists = 0;
  const cloud: Cloud = { keys, aliases, parameters, secrets, objects, edit, clientsFor, onDestroyed: () => undefined };

  function edit<T>(values: Values<T>, name: string, value: T | undefined): undefined {
    const next = new Map(values.get());
    if (value === undefined) next.delete(name);
    else next.set(name, value);
    values.set(next);
  }

  function partial<T>(all: readonly T[]): readonly T[] {
    lists++;
    const isPartial = weather.partialEvery > 0 && lists % weather.partialEvery === 0;
    return isPartial ? all.filter((_, index) => index % 2 === lists % 2) : all;
  }

  function clientsFor(reach: Reach, denies: Denies): CloudClients {
    const fail = (action: string, awsCode: string, status = 400): never => {
      throw refusal({ action, resource: "*", region: "eu-central-1" }, awsCode, "", status);
    };
    const call = <T>(action: string, effect: (late: number) => T, name = action): Promise<T> =>
      reach(name, (isStale) => {
        const verdict = denies(action);
        if (verdict === "denied") fail(action, "AccessDeniedException");
        if (verdict === "throttled") fail(action, "ThrottlingException");
        return effect(isStale || weather.isAlwaysStale ? weather.staleSeconds : 0);
      });
    // An alias is followed as it was seen, a key by its id is as it is.
    const keyOf = (action: string, name: string, late: number): CloudKey => {
      const id = name.startsWith("alias/") ? (aliases.get(late).get(name) ?? "") : name.slice(name.lastIndexOf("/") + 1);
      return keys.get(id) ?? fail(action, "NotFoundException");
    };
    const usable = (action: string, name: string): CloudKey => {
      const key = keyOf(action, name, 0);
      if (key.state === "Disabled") fail(action, "DisabledException");
      if (key.state === "PendingDeletion") fail(action, "KMSInvalidStateException");
      return key;
    };
    const described = ({ arn, state }: CloudKey): KmsKey => ({ arn, state, usage: "SIGN_VERIFY" });
    const kms: Kms = {
      createKey: ({ tags }) =>
        call("kms:CreateKey", () => {
          const id = `0000-${++made}`;
          const key: CloudKey = { id, arn: ACCOUNT + id, pool: ++pools, tags, state: "Enabled" };
          keys.set(id, key);
          return described(key);
        }),
      describeKey: (key) => call("kms:DescribeKey", (late) => described(keyOf("kms:DescribeKey", key, late))),
      getPublicKey: (key) =>
        call("kms:GetPublicKey", (late) => {
          const { arn, pool } = usable("kms:GetPublicKey", keyOf("kms:GetPublicKey", key, late).arn);
          return { arn, spki: spkiOf(pool) };
        }),
      sign: (key, { message }) =>
        call("kms:Sign", () => signBytes(null, Buffer.from(message), pooledKey(usable("kms:Sign", key).pool))),
      verify: () => call("kms:Verify", () => undefined),
      scheduleKeyDeletion: (name) =>
        call("kms:ScheduleKeyDeletion", () => {
          const key = keyOf("kms:ScheduleKeyDeletion", name, 0);
          if (key.state === "PendingDeletion") fail("kms:ScheduleKeyDeletion", "KMSInvalidStateException");
          key.state = "PendingDeletion";
          cloud.onDestroyed({ arn: key.arn });
        }),
      createAlias: (alias, key) =>
        call("kms:CreateAlias", () => {
          if (aliases.get().has(alias)) fail("kms:CreateAlias", "AlreadyExistsException");
          edit(aliases, alias, keyOf("kms:CreateAlias", key, 0).id);
        }),
      updateAlias: (alias, key) =>
        call("kms:UpdateAlias", () => {
          if (!aliases.get().has(alias)) fail("kms:UpdateAlias", "NotFoundException");
          edit(aliases, alias, keyOf("kms:UpdateAlias", key, 0).id);
        }),
      deleteAlias: (alias) =>
        call("kms:DeleteAlias", () => {
          if (!aliases.get().has(alias)) fail("kms:DeleteAlias", "NotFoundException");
          edit(aliases, alias, undefined);
        }),
      async *aliases() {
        const all = await call("kms:ListAliases", (late) => partial([...aliases.get(late)]));
        for (const [alias, keyId] of all) yield { alias, keyId };
      },
      async *keyIds() {
        yield* await call("kms:ListKeys", () => partial([...keys.keys()]));
      },
      tags: (key) => call("kms:ListResourceTags", (late) => keyOf("kms:ListResourceTags", key, late).tags),
      encrypt: (_, plaintext, context) => call("kms:Encrypt", () => wrap(Buffer.from(plaintext), context)),
      decrypt: (ciphertext, context) =>
        call("kms:Decrypt", () => {
          const { for: bound, bytes } = JSON.parse(Buffer.from(ciphertext).toString()) as { for: string; bytes: string };
          if (bound !== JSON.stringify(context)) fail("kms:Decrypt", "InvalidCiphertextException");
          return Buffer.from(bytes, "base64");
        }),
      generateDataKeyPair: (_, __, context) =>
        call("kms:GenerateDataKeyPairWithoutPlaintext", () => {
          const pool = ++pools;
          return { spki: spkiOf(pool), wrapped: wrap(pooledKey(pool).export({ type: "pkcs8", format: "der" }), context) };
        }),
    };
    return { kms, parameters: parameterClient(), secrets: secretClient(), bucket: bucketClient() };

    function parameterClient(): ParameterStore {
      return {
        get: (names) =>
          call("ssm:GetParameters", (late) => {
            const seen = parameters.get(late);
            return new Map(names.flatMap((name) => (seen.has(name) ? [[name, seen.get(name) as string]] : [])));
          }),
        create: ({ name, value }) =>
          call("ssm:PutParameter", () => {
            if (parameters.get().has(name)) return false;
            edit(parameters, name, value);
            return true;
          }),
        delete: (name) =>
          call("ssm:DeleteParameter", () => {
            const value = parameters.get().get(name);
            edit(parameters, name, undefined);
            if (value !== undefined) cloud.onDestroyed({ name, value });
          }),
        async *names(path) {
          const all = await call("ssm:GetParametersByPath", (late) => partial([...parameters.get(late).keys()]));
          yield* all.filter((name) => name.startsWith(`${path}/`));
        },
      };
    }

    function secretClient(): SecretsManager {
      const arnOf = (name: string): string => `arn:aws:secretsmanager:eu-central-1:111122223333:secret:${name}`;
      const nameOf = (secret: string): string => secret.slice(secret.lastIndexOf(":") + 1);
      return {
        get: (secret, version) =>
          call("secretsmanager:GetSecretValue", (late) => {
            const found = secrets.get(late).get(nameOf(secret));
            if (found === undefined || (version !== undefined && found.version !== version)) return undefined;
            return { arn: arnOf(nameOf(secret)), ...found };
          }),
        create: ({ name, value }) =>
          call("secretsmanager:CreateSecret", () => {
            if (secrets.get().has(name)) return false;
            edit(secrets, name, { value, version: `v${++made}` });
            return true;
          }),
        delete: (secret) =>
          call("secretsmanager:DeleteSecret", () => {
            const name = nameOf(secret);
            const value = secrets.get().get(name)?.value;
            edit(secrets, name, undefined);
            if (value !== undefined) cloud.onDestroyed({ name, value });
          }),
        async *names(prefix) {
          const all = await call("secretsmanager:ListSecrets", (late) => partial([...secrets.get(late).keys()]));
          yield* all.filter((name) => name.startsWith(prefix));
        },
      };
    }

    function bucketClient(): Bucket {
      return {
        name: "bucket",
        get: (key) => call("s3:GetObject", () => objects.get().get(key), `s3:GetObject ${key}`),
        put: ({ key, body, ifMatch }) =>
          call("s3:PutObject", () => {
            if ((objects.get().get(key)?.etag ?? null) !== ifMatch) return undefined;
            const etag = `"${++made}"`;
            edit(objects, key, { body, etag });
            return etag;
          }),
        delete: (key) => call("s3:DeleteObject", () => edit(objects, key, undefined)),
        async *keys(prefix, after = "") {
          const all = await call("s3:ListBucket", () => [...objects.get().keys()]);
          yield* all.filter((key) => key.startsWith(prefix) && key > after).sort();
        },
        time: () => call("s3:HeadBucket", () => Math.floor(clockwork.now())),
      };
    }
  }

  return cloud;
}

function spkiOf(pool: number): Buffer {
  return Buffer.from(publicDer(pool));
}

const ders = new Map<number, Buffer>();

function publicDer(pool: number): Buffer {
  let der = ders.get(pool);
  if (der === undefined) {
    // The last 32 bytes of an Ed25519 SubjectPublicKeyInfo (RFC 8410 section 4) are the key itself.
    const { x = "" } = pooledKey(pool).export({ format: "jwk" });
    der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.from(x, "base64url")]);
    ders.set(pool, der);
  }
  return der;
}

function wrap(bytes: Buffer, context: object): Buffer {
  return Buffer.from(JSON.stringify({ for: JSON.stringify(context), bytes: bytes.toString("base64") }));
}
