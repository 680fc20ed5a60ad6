import type { Answer } from "./answer.js";
import { jsonCalls } from "./json-call.js";
import type { Kms } from "./kms.js";
import type { Transport } from "./transport.js";

/** A KMS key, as far as an import believes it. */
export interface ImportedKmsKey {
  /** "PendingImport" until it has its private part. */
  readonly state: string;
  /** "RSA_2048", "ECC_NIST_P256", ... */
  readonly spec: string;
  /** "EXTERNAL", where its private part comes from outside. */
  readonly origin: string;
  /** Whether KMS deletes the private part by itself at some time. */
  readonly expires: boolean;
}

/** What a private key is wrapped with: good for a day, and for this KMS key alone. */
interface ImportParameters {
  readonly token: string;
  /** The key that wraps, as SubjectPublicKeyInfo. */
  readonly wrappingKey: Buffer;
}

/** The calls to KMS that bring a private key in. A key is named by its id or ARN: these calls take no alias. */
export interface KmsImport {
  /** Makes a key that waits for its private part. */
  createKey: Kms["createKey"];
  describeKey(key: string): Promise<ImportedKmsKey>;
  parametersForImport(key: string): Promise<ImportParameters>;
  /** Gives a key its private part, which stays: without an expiration model KMS would take one that deletes it. */
  importKeyMaterial(key: string, token: string, wrapped: Uint8Array): Promise<void>;
}

const DESCRIBED = {
  KeyMetadata: { Arn: "", KeyState: "", KeyUsage: "", KeySpec: "", Origin: "", "ExpirationModel?": "", "ValidTo?": 0 },
} as const;

/** Binds them. Only commands import: no function carries this. */
export function createKmsImport(transport: Transport): KmsImport {
  const call = jsonCalls(transport, "kms");
  return Object.freeze({
    async createKey({ keySpec, description, tags, policy }) {
      const Tags = Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
      const input = {
        Origin: "EXTERNAL",
        KeySpec: keySpec,
        KeyUsage: "SIGN_VERIFY",
        Description: description,
        Tags,
        Policy: policy,
      };
      const { Arn, KeyState, KeyUsage } = (await call("CreateKey", "*", input, DESCRIBED)).KeyMetadata;
      return { arn: Arn, state: KeyState, usage: KeyUsage };
    },
    describeKey: async (key) => keyOf((await call("DescribeKey", key, { KeyId: key }, DESCRIBED)).KeyMetadata),
    async parametersForImport(key) {
      const input = { KeyId: key, WrappingAlgorithm: "RSA_AES_KEY_WRAP_SHA_256", WrappingKeySpec: "RSA_4096" };
      const { ImportToken, PublicKey } = await call("GetParametersForImport", key, input, { ImportToken: "", PublicKey: "" });
      return { token: ImportToken, wrappingKey: Buffer.from(PublicKey, "base64") };
    },
    async importKeyMaterial(key, token, wrapped) {
      const input = {
        KeyId: key,
        ImportToken: token,
        EncryptedKeyMaterial: Buffer.from(wrapped).toString("base64"),
        ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE",
      };
      await call("ImportKeyMaterial", key, input, {});
    },
  } satisfies KmsImport);
}

function keyOf({ KeyState, KeySpec, Origin, ...rest }: Answer<typeof DESCRIBED>["KeyMetadata"]): ImportedKmsKey {
  const stays = rest.ExpirationModel === "KEY_MATERIAL_DOES_NOT_EXPIRE" && (rest.ValidTo ?? undefined) === undefined;
  return { state: KeyState, spec: KeySpec, origin: Origin, expires: !stays };
}
