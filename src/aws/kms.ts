import type { Answer, Example } from "./answer.js";
import { type JsonCall, jsonCalls } from "./json-call.js";
import { pages } from "./pages.js";
import type { Transport } from "./transport.js";

/** A KMS key, as far as it matters here. */
export interface KmsKey {
  readonly arn: string;
  /** "Enabled", "Disabled", "PendingDeletion", ... */
  readonly state: string;
  /** "SIGN_VERIFY", "ENCRYPT_DECRYPT", ... */
  readonly usage: string;
}

/** The names and values that a ciphertext is bound to. */
export type EncryptionContext = Readonly<Record<string, string>>;

/** The calls to KMS that Signet makes. A key is named by id, ARN, alias or alias ARN. */
export interface Kms {
  createKey(input: {
    keySpec: string;
    description: string;
    tags: Readonly<Record<string, string>>;
    policy?: string | undefined;
  }): Promise<KmsKey>;
  describeKey(key: string): Promise<KmsKey>;
  /** @returns the public key as SubjectPublicKeyInfo */
  getPublicKey(key: string): Promise<{ readonly arn: string; readonly spki: Buffer }>;
  sign(key: string, input: KmsMessage): Promise<Buffer>;
  /** @returns nothing where the signature is right */
  verify(key: string, input: KmsMessage & { readonly signature: Uint8Array }): Promise<void>;
  scheduleKeyDeletion(key: string, days: number): Promise<void>;
  createAlias(alias: string, key: string): Promise<void>;
  /** Moves an alias to another key of the same usage. */
  updateAlias(alias: string, key: string): Promise<void>;
  deleteAlias(alias: string): Promise<void>;
  aliases(): AsyncIterable<{ readonly alias: string; readonly keyId: string }>;
  /** The ids of all keys of the account and region. */
  keyIds(): AsyncIterable<string>;
  tags(key: string): Promise<Readonly<Record<string, string>>>;
  encrypt(key: string, plaintext: Uint8Array, context: EncryptionContext): Promise<Buffer>;
  /** The ciphertext names the symmetric key that has made it. */
  decrypt(ciphertext: Uint8Array, context: EncryptionContext): Promise<Buffer>;
  /** @returns the public key as SubjectPublicKeyInfo, and the private one as PKCS #8, encrypted */
  generateDataKeyPair(
    key: string,
    spec: string,
    context: EncryptionContext,
  ): Promise<{ readonly spki: Buffer; readonly wrapped: Buffer }>;
}

/** What is signed, and how. */
export interface KmsMessage {
  readonly message: Uint8Array;
  readonly messageType: "RAW" | "DIGEST" | "EXTERNAL_MU";
  readonly signingAlgorithm: string;
}

/** Binds KMS. */
export function createKms(transport: Transport): Kms {
  const call = jsonCalls(transport, "kms");
  return Object.freeze({ ...keyCalls(call), ...listCalls(call), ...signatureCalls(call), ...dataKeyCalls(call) });
}

/** Binds what an issuer needs of KMS, and nothing else: the function that signs carries it. */
export function createKmsSigning(transport: Transport): Pick<Kms, "sign" | "decrypt"> {
  const call = jsonCalls(transport, "kms");
  return { sign: signCall(call), decrypt: decryptCall(call) };
}

function keyCalls(call: JsonCall) {
  return {
    async createKey({ keySpec, description, tags, policy }) {
      const Tags = Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
      const input = { KeySpec: keySpec, KeyUsage: "SIGN_VERIFY", Description: description, Tags, Policy: policy };
      return keyOf((await call("CreateKey", "*", input, DESCRIBED)).KeyMetadata);
    },
    describeKey: async (key) => keyOf((await call("DescribeKey", key, { KeyId: key }, DESCRIBED)).KeyMetadata),
    async getPublicKey(key) {
      const { KeyId, PublicKey } = await call("GetPublicKey", key, { KeyId: key }, { KeyId: "", PublicKey: "" });
      return { arn: KeyId, spki: bytes(PublicKey) };
    },
    async scheduleKeyDeletion(key, days) {
      await call("ScheduleKeyDeletion", key, { KeyId: key, PendingWindowInDays: days }, {});
    },
    async createAlias(alias, key) {
      await call("CreateAlias", alias, { AliasName: alias, TargetKeyId: key }, {});
    },
    async updateAlias(alias, key) {
      await call("UpdateAlias", alias, { AliasName: alias, TargetKeyId: key }, {});
    },
    async deleteAlias(alias) {
      await call("DeleteAlias", alias, { AliasName: alias }, {});
    },
  } satisfies Partial<Kms>;
}

function listCalls(call: JsonCall) {
  function listed<const E extends { readonly [name: string]: Example }>(action: string, input: object, example: E) {
    const ask = async (marker: string | undefined) => {
      const asked = { ...input, ...(marker !== undefined && { Marker: marker }) };
      const page = await call(action, "*", asked, { ...example, "Truncated?": true, "NextMarker?": "" });
      return page as Answer<E> & Answer<{ "Truncated?": true; "NextMarker?": "" }>;
    };
    return pages(`kms:${action}`, ask, ({ Truncated, NextMarker }) => (Truncated === false ? undefined : NextMarker));
  }

  return {
    async *aliases() {
      const example = { Aliases: [{ AliasName: "", "TargetKeyId?": "" }] } as const;
      for await (const { Aliases } of listed("ListAliases", {}, example))
        for (const { AliasName, TargetKeyId } of Aliases) if (TargetKeyId) yield { alias: AliasName, keyId: TargetKeyId };
    },
    async *keyIds() {
      for await (const { Keys } of listed("ListKeys", { Limit: 1_000 }, { Keys: [{ KeyId: "" }] }))
        for (const { KeyId } of Keys) yield KeyId;
    },
    async tags(key) {
      const found: [string, string][] = [];
      for await (const { Tags } of listed("ListResourceTags", { KeyId: key }, { Tags: [{ TagKey: "", TagValue: "" }] }))
        for (const { TagKey, TagValue } of Tags) found.push([TagKey, TagValue]);
      return Object.fromEntries(found);
    },
  } satisfies Partial<Kms>;
}

function signCall(call: JsonCall): Kms["sign"] {
  return async (key, input) => bytes((await call("Sign", key, signatureInput(key, input), { Signature: "" })).Signature);
}

function signatureInput(key: string, { message, messageType, signingAlgorithm }: KmsMessage): object {
  return { KeyId: key, Message: base64(message), MessageType: messageType, SigningAlgorithm: signingAlgorithm };
}

function decryptCall(call: JsonCall): Kms["decrypt"] {
  return async (ciphertext, context) => {
    const input = { CiphertextBlob: base64(ciphertext), EncryptionContext: context };
    return bytes((await call("Decrypt", "the key that has encrypted it", input, { Plaintext: "" })).Plaintext);
  };
}

function signatureCalls(call: JsonCall) {
  return {
    sign: signCall(call),
    async verify(key, { signature, ...input }) {
      await call("Verify", key, { ...signatureInput(key, input), Signature: base64(signature) }, {});
    },
  } satisfies Partial<Kms>;
}

function dataKeyCalls(call: JsonCall) {
  return {
    async encrypt(key, plaintext, context) {
      const input = { KeyId: key, Plaintext: base64(plaintext), EncryptionContext: context };
      return bytes((await call("Encrypt", key, input, { CiphertextBlob: "" })).CiphertextBlob);
    },
    decrypt: decryptCall(call),
    async generateDataKeyPair(key, spec, context) {
      const input = { KeyId: key, KeyPairSpec: spec, EncryptionContext: context };
      const made = await call("GenerateDataKeyPairWithoutPlaintext", key, input, { PublicKey: "", PrivateKeyCiphertextBlob: "" });
      return { spki: bytes(made.PublicKey), wrapped: bytes(made.PrivateKeyCiphertextBlob) };
    },
  } satisfies Partial<Kms>;
}

const DESCRIBED = { KeyMetadata: { Arn: "", KeyState: "", KeyUsage: "" } } as const;

function keyOf({ Arn, KeyState, KeyUsage }: Answer<typeof DESCRIBED>["KeyMetadata"]): KmsKey {
  return { arn: Arn, state: KeyState, usage: KeyUsage };
}

function bytes(text: string): Buffer {
  return Buffer.from(text, "base64");
}

function base64(data: Uint8Array): string {
  return Buffer.from(data).toString("base64");
}
