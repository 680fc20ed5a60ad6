import { createPrivateKey, createPublicKey } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { awsParts } from "../../src/assemble-aws.js";
import { createFileCustodian } from "../../src/custody/file/custodian.js";
import { parseKeyring } from "../../src/keyring/parse.js";
import { createFileStores } from "../../src/storage/file/stores.js";
import { FAKE_CREDENTIALS, type startFakeAws } from "../fakes/aws/fake-aws.mjs";

type Version = "v1" | "v2";

const folderOf = (version: Version): URL => new URL(`./${version}/`, import.meta.url);

type Aws = Awaited<ReturnType<typeof startFakeAws>>;

/** An installation on files, as it was recorded. */
export interface FileFixture {
  readonly words: string;
  /** NumericDate of its last change. */
  readonly now: number;
  readonly passphrase?: string;
  readonly files: Readonly<Record<string, string>>;
}

/** An installation in AWS, as it was recorded. */
export interface AwsFixture {
  readonly words: string;
  readonly now: number;
  readonly kmsKey?: string;
  // biome-ignore lint/suspicious/noExplicitAny: what the fake holds has no types
  readonly keys: readonly any[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, readonly object[]>>;
  // biome-ignore lint/suspicious/noExplicitAny: what the fake holds has no types
  readonly secrets: readonly any[];
  readonly objects: Readonly<Record<string, { readonly body: string }>>;
}

/** The names of the installations that version 1 has left. */
export const FILE_FIXTURES = names("v1", false);
export const AWS_FIXTURES = names("v1", true);
/** Those that version 2 had left before material named its custodian. */
export const AWS_FIXTURES_2 = names("v2", true);

function names(version: Version, isAws: boolean): readonly string[] {
  const all = readdirSync(folderOf(version)).filter((name) => name.endsWith(".json") && name.startsWith("aws-") === isAws);
  return all.map((name) => name.slice(0, -".json".length)).sort();
}

export function fixture<T extends FileFixture | AwsFixture>(name: string, version: Version = "v1"): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folderOf(version)), "utf8")) as T;
}

/** A function as version 1 has built it. */
export function functionOfVersion1(name: "issuer" | "key-manager"): string {
  return gunzipSync(readFileSync(new URL(`${name}.cjs.gz`, folderOf("v1")))).toString();
}

/** Puts an installation's files into a directory. */
export async function putFiles({ files }: FileFixture, directory: string): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true, mode: 0o700 });
    await writeFile(join(directory, path), text);
    await chmod(join(directory, path), path.startsWith("public/") ? 0o644 : 0o600);
  }
}

/** Puts an installation on files into a directory, and answers the parts that work on it by now. */
export async function openOnFiles(found: FileFixture, directory: string) {
  await putFiles(found, directory);
  const passphrase = async () => found.passphrase;
  const file = createFileCustodian({ directory: join(directory, "keys"), passphrase });
  const keyringText = found.files["keyring.json"] ?? "";
  return { stores: createFileStores(directory), custodians: { file }, open: file.open, keyringText };
}

/** Puts an installation in AWS into the fake, alone, and answers the parts that work on it by now. */
export function openInAws(found: AwsFixture, aws: Aws) {
  const { keys, aliases, parameters, secrets } = aws.state;
  for (const each of [keys, aliases, parameters, secrets]) each.clear();
  aws.createBucket("keyrings");
  putInAws(found, aws, "keyrings");
  const keyringText = found.objects["old/keyring.json"]?.body ?? "";
  const { custody } = parseKeyring(keyringText, "it").policy;
  const place = { installation: "old", keyring: "s3://keyrings/old", region: "eu-central-1", kmsKey: found.kmsKey };
  const parts = awsParts({ ...place, custody, env: aws.env, credentials: async () => FAKE_CREDENTIALS });
  const stateOfHolder = () => "unknown" as const;
  const serviceTime = async () => Math.floor(Date.now() / 1_000);
  return { ...parts, stores: { ...parts.stores, stateOfHolder, serviceTime }, keyringText };
}

/** Puts what an installation has in AWS into the fake, its objects into a bucket. */
function putInAws(found: AwsFixture, { state }: Aws, bucket: string): void {
  for (const { pair, secret, tags, ...key } of found.keys) {
    const opened = pair && { privateKey: createPrivateKey(pair.privateKey), publicKey: createPublicKey(pair.publicKey) };
    const kept = { pair: opened, secret: secret && Buffer.from(secret, "base64"), tags: new Map(Object.entries(tags)) };
    state.keys.set(key.id, { ...key, ...kept });
  }
  for (const [alias, id] of Object.entries(found.aliases)) state.aliases.set(alias, id);
  for (const [name, versions] of Object.entries(found.parameters)) state.parameters.set(name, [...versions]);
  for (const { versions, ...secret } of found.secrets) {
    const kept = versions.map((version: { id: string; stages: string[] }) => [
      version.id,
      { ...version, stages: new Set(version.stages) },
    ]);
    state.secrets.set(secret.arn, { ...secret, versions: new Map(kept) });
  }
  for (const [key, object] of Object.entries(found.objects)) {
    state.buckets.get(bucket)?.objects.set(key, [{ ...object, body: Buffer.from(object.body) }]);
  }
}
