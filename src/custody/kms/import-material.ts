import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { type PublicJwk, publicJwk } from "../../algorithms/jwk.js";
import type { Algorithm } from "../../algorithms/table.js";
import { type AwsFailure, isAws } from "../../aws/failure.js";
import { createKmsImport, type ImportedKmsKey, type KmsImport } from "../../aws/kms-import.js";
import { SignetError } from "../../errors.js";
import type { ImportProgress } from "../contract.js";
import type { AwsDeps } from "../facts.js";
import { pollUntilVisible } from "../stored-key.js";
import { importSpec } from "./import-spec.js";
import { type OwnKeys, ownKeys, unlessAbsent } from "./own-keys.js";
import { wrapForImport } from "./wrap.js";

/** A private key that goes into KMS. */
interface HandedOver {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly algorithm: Algorithm;
}

/** What KMS may answer to the same material once more, where the answer to the first time was lost. */
const AGAIN = ["InvalidImportTokenException", "ExpiredImportTokenException", "KMSInvalidStateException"];

/** The OID prime-field, which stands in a curve whose numbers are written out (RFC 3279 section 2.3.5). */
const PRIME_FIELD = Buffer.from("06072a8648ce3d0101", "hex");

/**
 * Brings a private key into KMS, where it stays: a KMS key that waits for it, KMS's wrapping key, the private key under it, and what KMS says
 * then. A KMS key that an earlier try has made for the id, as its tags say, is gone on with. The private part leaves this process wrapped.
 *
 * @throws SignetError `key_mismatch` where KMS has another key or another kind of key for the id, `key_unusable` where it would not stay
 */
export async function importIntoKms(deps: AwsDeps, key: HandedOver, progress?: ImportProgress): Promise<PublicJwk> {
  const { id, privateKey, algorithm } = key;
  const calls = createKmsImport(deps.transport);
  const spec = importSpec(privateKey, algorithm);
  const { isAgain = false, knownAs } = progress ?? {};
  const arn = knownAs === undefined ? await placeFor(deps, calls, key, spec, isAgain) : (await deps.kms.describeKey(knownAs)).arn;
  const named = publicJwk(privateKey, algorithm, arn.slice(arn.lastIndexOf("/") + 1));
  const place = await described(deps, calls, arn);
  if (knownAs !== undefined && place.state !== "PendingImport") return named;
  if (place.origin !== "EXTERNAL" || place.spec !== spec) {
    throw new SignetError(
      "key_mismatch",
      `${arn} is a ${place.spec} key of origin ${place.origin}, made for ${id} but not to import this key`,
    );
  }
  await progress?.onNamed(named);
  if (place.state === "PendingImport") await handOver(calls, arn, privateKey);
  await assertKept(deps, calls, arn, privateKey);
  return named;
}

/** The KMS key that waits for the private part, or has it: one of an earlier try, or a new one. */
async function placeFor(deps: AwsDeps, calls: KmsImport, { id, algorithm }: HandedOver, spec: string, isAgain: boolean) {
  const { createKey } = calls;
  const kms = { ...deps.kms, createKey: (input: Parameters<typeof createKey>[0]) => createKey({ ...input, keySpec: spec }) };
  const keys = ownKeys({ ...deps, kms });
  const byAlias = await keys.usable(id);
  if (byAlias !== undefined) return byAlias.arn;
  const left = isAgain ? await leftFor(deps, keys, id) : undefined;
  if (left === undefined) return (await keys.make(id, algorithm)).arn;
  await keys.adopt(id, left);
  return left;
}

// Made, and the process that made it died before it gave the key its alias: the tags say whose it is.
async function leftFor({ kms }: AwsDeps, keys: OwnKeys, id: string): Promise<string | undefined> {
  for await (const name of keys.list())
    if (name.startsWith(`${id}.`)) return (await kms.describeKey(name.slice(id.length + 1))).arn;
  return undefined;
}

async function handOver(calls: KmsImport, arn: string, privateKey: KeyObject): Promise<void> {
  const { token, wrappingKey } = await calls.parametersForImport(arn);
  const plain = plainOf(privateKey);
  try {
    await calls.importKeyMaterial(arn, token, wrapForImport(plain, wrappingKey));
  } catch (error) {
    // Whether the first try came through is seen from the key.
    if (!isAws(error, ...AGAIN) || (await calls.describeKey(arn)).state !== "Enabled") throw explained(error, arn);
  } finally {
    plain.fill(0);
  }
}

// KMS knows curves by their names; OpenSSL writes one out again whose numbers were written out in the file.
function plainOf(privateKey: KeyObject): Buffer {
  const plain = privateKey.export({ format: "der", type: "pkcs8" });
  if (privateKey.asymmetricKeyType !== "ec" || !plain.includes(PRIME_FIELD)) return plain;
  plain.fill(0);
  return createPrivateKey({ key: privateKey.export({ format: "jwk" }), format: "jwk" }).export({ format: "der", type: "pkcs8" });
}

function explained(error: unknown, arn: string): unknown {
  if (!isAws(error, "IncorrectKeyMaterialException", "InvalidCiphertextException")) return error;
  const { awsCode } = error as AwsFailure;
  return new SignetError(
    "key_mismatch",
    `KMS does not take this private key into ${arn} (${awsCode}): a key that had one takes the same again and no other, and its size or curve has to be the key's own`,
    { cause: error },
  );
}

/** @throws SignetError `key_unusable` where KMS does not say that it has the private part, for good */
async function assertKept(deps: AwsDeps, calls: KmsImport, arn: string, privateKey: KeyObject): Promise<void> {
  const found = await pollUntilVisible(async () => {
    const kept = await described(deps, calls, arn);
    const spki = kept.state === "Enabled" ? await publicKeyOf(deps, arn) : undefined;
    return spki && { ...kept, spki };
  }, deps.sleep);
  if (found === undefined) {
    const { state } = await calls.describeKey(arn);
    throw new SignetError(
      "key_unusable",
      `${arn} was given its private key, and its state is ${state}: run the same command again`,
    );
  }
  if (found.expires || found.origin !== "EXTERNAL") {
    throw new SignetError(
      "key_unusable",
      `${arn} would lose its private key at some time, by what KMS says of it, so nothing signs with it: is the endpoint AWS?`,
    );
  }
  const inKms = createPublicKey({ key: found.spki, format: "der", type: "spki" });
  if (inKms.equals(createPublicKey(privateKey))) return;
  throw new SignetError("key_mismatch", `${arn} has another public key than the key that was imported, so nothing signs with it`);
}

// Not every server of KMS knows at once that a key has its private part.
async function publicKeyOf({ kms }: AwsDeps, arn: string): Promise<Buffer | undefined> {
  try {
    return (await kms.getPublicKey(arn)).spki;
  } catch (error) {
    if (isAws(error, "KMSInvalidStateException", "NotFoundException")) return undefined;
    throw error;
  }
}

async function described({ sleep }: AwsDeps, calls: KmsImport, arn: string): Promise<ImportedKmsKey> {
  // What was just made may not be seen everywhere yet.
  return (await pollUntilVisible(() => unlessAbsent(calls.describeKey(arn)), sleep)) ?? calls.describeKey(arn);
}
