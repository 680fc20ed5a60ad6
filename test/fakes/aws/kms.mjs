/** AWS KMS: rules from its API reference, an action each, and its developer guide's "Key spec reference". */

import { constants, createCipheriv, createDecipheriv, generateKeyPairSync, randomBytes, randomUUID, sign } from "node:crypto";
import { rsaPair } from "../../contracts/rsa-keys.mjs";
import { assertImportable, createImportActions } from "./kms-import.mjs";
import { must, page, Refusal } from "./refusal.mjs";

const ECDSA = { ECC_NIST_P256: ["prime256v1", 256], ECC_NIST_P384: ["secp384r1", 384], ECC_NIST_P521: ["secp521r1", 512] };
const RSA = { RSA_2048: 2048, RSA_3072: 3072, RSA_4096: 4096 };
const RSA_ALGORITHMS = ["PKCS1_V1_5", "PSS"].flatMap((kind) => [256, 384, 512].map((bits) => `RSASSA_${kind}_SHA_${bits}`));
const DER = /** @type {const} */ ({ dsaEncoding: "der" });
const ALIAS = /^alias\/[a-zA-Z0-9/_-]{1,250}$/;

function algorithmsOf(spec) {
  if (spec in RSA) return RSA_ALGORITHMS;
  if (spec in ECDSA) return [`ECDSA_SHA_${ECDSA[spec][1]}`];
  if (spec === "ECC_NIST_EDWARDS25519") return ["ED25519_SHA_512", "ED25519_PH_SHA_512"];
  return ["ML_DSA_SHAKE_256"];
}

function makePair(spec) {
  try {
    if (spec in RSA) return rsaPair(RSA[spec]);
    if (spec in ECDSA) return generateKeyPairSync("ec", { namedCurve: ECDSA[spec][0] });
    if (spec === "ECC_NIST_EDWARDS25519") return generateKeyPairSync("ed25519");
    if (/^ML_DSA_(44|65|87)$/.test(spec)) return generateKeyPairSync(spec.toLowerCase().replaceAll("_", "-"));
  } catch {
    throw new Refusal("UnsupportedOperationException", `this Node has no ${spec}`);
  }
  throw new Refusal(
    "ValidationException",
    `1 validation error detected: Value '${spec}' at 'keySpec' failed to satisfy constraint`,
  );
}

/** @param {{ region: string, accountId: string, partition: string, now: () => number, signDigest: Function, verifyAs: Function, lag: ReturnType<typeof import("./lag.mjs").createLag> }} world */
export function createKmsFake(world) {
  const keys = world.lag.map();
  const aliases = world.lag.map();
  const arnOf = (id) => `arn:${world.partition}:kms:${world.region}:${world.accountId}:key/${id}`;
  const bytes = (text, name, most) => {
    must(typeof text === "string" && text !== "", "ValidationException", `${name} is missing`);
    const data = Buffer.from(text, "base64");
    must(data.length >= 1 && data.length <= most, "ValidationException", `${name}: length must be between 1 and ${most}`);
    return data;
  };

  function find(named) {
    must(typeof named === "string", "ValidationException", "KeyId is missing");
    const local = named.startsWith("arn:")
      ? named.replace(`arn:${world.partition}:kms:${world.region}:${world.accountId}:`, "")
      : named;
    // An ARN of another region or account is not found here (API reference, "Key identifiers").
    must(!local.startsWith("arn:"), "NotFoundException", `Invalid arn ${named}`);
    const id = local.startsWith("alias/") ? world.lag.seen("aliases", aliases).get(local) : local.replace(/^key\//, "");
    const key = keys.get(id);
    must(key, "NotFoundException", `Key '${named}' does not exist`);
    return key;
  }

  // Developer guide, "Key states of AWS KMS keys".
  function usable(named, usage) {
    const key = find(named);
    if (key.state === "Disabled") throw new Refusal("DisabledException", `${key.arn} is disabled.`);
    const pending = key.state === "PendingImport" ? "import" : "deletion";
    if (key.state !== "Enabled") throw new Refusal("KMSInvalidStateException", `${key.arn} is pending ${pending}.`);
    must(key.usage === usage, "InvalidKeyUsageException", `${key.arn} key usage is ${key.usage} which is not valid.`);
    return key;
  }

  function signingInput(key, { Message, MessageType = "RAW", SigningAlgorithm }) {
    must(
      algorithmsOf(key.spec).includes(SigningAlgorithm),
      "InvalidKeyUsageException",
      `Algorithm ${SigningAlgorithm} is incompatible with key spec ${key.spec}.`,
    );
    must(SigningAlgorithm !== "ED25519_PH_SHA_512", "UnsupportedOperationException");
    // Sign, "Message": up to 4096 bytes.
    const message = bytes(Message, "Message", 4096);
    must(["RAW", "DIGEST", "EXTERNAL_MU"].includes(MessageType), "ValidationException", "MessageType");
    if (key.spec === "ECC_NIST_EDWARDS25519")
      must(MessageType === "RAW", "ValidationException", "ED25519_SHA_512 requires MessageType RAW");
    if (key.spec.startsWith("ML_DSA")) {
      must(MessageType !== "DIGEST", "ValidationException", "ML_DSA_SHAKE_256 takes no DIGEST");
      must(MessageType === "RAW" || message.length === 64, "ValidationException", "EXTERNAL_MU is 64 bytes");
    } else must(MessageType !== "EXTERNAL_MU", "ValidationException", "EXTERNAL_MU is for ML-DSA");
    const bits = Number(/SHA_(\d+)$/.exec(SigningAlgorithm)?.[1]);
    if (MessageType === "DIGEST")
      must(message.length === bits / 8, "ValidationException", "Digest is invalid length for algorithm");
    return { message, MessageType, bits };
  }

  const pssOf = (algorithm, bits) =>
    algorithm.includes("PSS")
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: bits / 8 }
      : { padding: constants.RSA_PKCS1_PADDING };

  // node:crypto hashes by itself, so a digest is signed through its algorithm's raw form: RSA over DigestInfo is PKCS#1's own.
  function makeSignature(key, { message, MessageType, bits }, algorithm) {
    if (bits === 512 && key.spec === "ECC_NIST_EDWARDS25519") return sign(null, message, key.pair.privateKey);
    if (key.spec.startsWith("ML_DSA")) return mlDsa(key, message, MessageType);
    const parameters = key.spec in RSA ? pssOf(algorithm, bits) : DER;
    if (MessageType === "RAW") return sign(`sha${bits}`, message, { key: key.pair.privateKey, ...parameters });
    return world.signDigest(key, message, bits, parameters);
  }

  function mlDsa(key, message, MessageType) {
    must(MessageType === "RAW", "UnsupportedOperationException", "this fake signs no external mu");
    return sign(null, message, key.pair.privateKey);
  }

  const described = (key) => ({
    AWSAccountId: world.accountId,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: key.createdAt / 1000,
    Enabled: key.state === "Enabled",
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: key.state,
    Origin: key.origin,
    ...(key.expirationModel && { ExpirationModel: key.expirationModel }),
    ...(key.validTo && { ValidTo: key.validTo }),
    KeyManager: "CUSTOMER",
    KeySpec: key.spec,
    CustomerMasterKeySpec: key.spec,
    ...(key.usage === "SIGN_VERIFY"
      ? { SigningAlgorithms: algorithmsOf(key.spec) }
      : { EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"] }),
  });

  const contextText = (context = {}) => {
    for (const [name, value] of Object.entries(context))
      must(typeof value === "string" && name !== "", "ValidationException", "EncryptionContext");
    return Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));
  };

  function wrap(key, plaintext, context) {
    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", key.secret, iv).setAAD(contextText(context));
    const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return Buffer.concat([Buffer.from(`${key.id}`), iv, cipher.getAuthTag(), body]).toString("base64");
  }

  function unwrap(blob, context, named) {
    const data = bytes(blob, "CiphertextBlob", 6144);
    const key = keys.get(data.subarray(0, 36).toString());
    must(key, "InvalidCiphertextException");
    if (named !== undefined) must(find(named).id === key.id, "IncorrectKeyException");
    usable(key.id, "ENCRYPT_DECRYPT");
    const decipher = createDecipheriv("aes-256-gcm", key.secret, data.subarray(36, 48))
      .setAAD(contextText(context))
      .setAuthTag(data.subarray(48, 64));
    try {
      return { key, plaintext: Buffer.concat([decipher.update(data.subarray(64)), decipher.final()]) };
    } catch {
      throw new Refusal("InvalidCiphertextException");
    }
  }

  const actions = {
    ...createImportActions(world, find, bytes),
    CreateKey({
      KeySpec = "SYMMETRIC_DEFAULT",
      KeyUsage = "ENCRYPT_DECRYPT",
      Tags = [],
      Policy,
      Description = "",
      MultiRegion = false,
      Origin = "AWS_KMS",
    }) {
      const isSymmetric = KeySpec === "SYMMETRIC_DEFAULT";
      must(["AWS_KMS", "EXTERNAL"].includes(Origin), "UnsupportedOperationException", "Origin");
      const isExternal = Origin === "EXTERNAL";
      if (isExternal) assertImportable(KeySpec);
      // CreateKey, "KeyUsage": asymmetric NIST and ML-DSA keys for signatures must say SIGN_VERIFY.
      must(
        (KeyUsage === "ENCRYPT_DECRYPT") === isSymmetric,
        "ValidationException",
        `KeyUsage ${KeyUsage} is not compatible with KeySpec ${KeySpec}`,
      );
      must(Tags.length <= 50, "TagException");
      for (const { TagKey, TagValue } of Tags) {
        must(
          /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(TagKey) && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(TagValue),
          "TagException",
        );
      }
      must(Description.length <= 8192, "ValidationException", "Description");
      if (Policy !== undefined) must(policyIsJson(Policy), "MalformedPolicyDocumentException");
      const id = MultiRegion ? `mrk-${randomUUID().replaceAll("-", "")}` : randomUUID();
      const pair = isSymmetric || isExternal ? undefined : makePair(KeySpec);
      const key = {
        id,
        arn: arnOf(id),
        spec: KeySpec,
        usage: KeyUsage,
        origin: Origin,
        state: isExternal ? "PendingImport" : "Enabled",
        description: Description,
        policy: Policy,
        tags: new Map(Tags.map((tag) => [tag.TagKey, tag.TagValue])),
        pair,
        secret: isSymmetric && !isExternal ? randomBytes(32) : undefined,
        createdAt: world.now(),
      };
      keys.set(id, key);
      return { KeyMetadata: described(key) };
    },
    DescribeKey: ({ KeyId }) => ({ KeyMetadata: described(find(KeyId)) }),
    GetPublicKey({ KeyId }) {
      const key = usable(KeyId, "SIGN_VERIFY");
      return {
        KeyId: key.arn,
        KeySpec: key.spec,
        KeyUsage: key.usage,
        SigningAlgorithms: algorithmsOf(key.spec),
        PublicKey: key.pair.publicKey.export({ format: "der", type: "spki" }).toString("base64"),
      };
    },
    /** @param {any} request */
    Sign({ KeyId, DryRun, ...input }) {
      const key = usable(KeyId, "SIGN_VERIFY");
      const wanted = signingInput(key, input);
      if (DryRun)
        throw new Refusal("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.", 412);
      return {
        KeyId: key.arn,
        Signature: makeSignature(key, wanted, input.SigningAlgorithm).toString("base64"),
        SigningAlgorithm: input.SigningAlgorithm,
      };
    },
    /** @param {any} request */
    Verify({ KeyId, Signature, ...input }) {
      const key = usable(KeyId, "SIGN_VERIFY");
      const { message, MessageType, bits } = signingInput(key, input);
      const signature = bytes(Signature, "Signature", 6144);
      const isRight = world.verifyAs(
        key,
        message,
        MessageType,
        bits,
        key.spec in RSA ? pssOf(input.SigningAlgorithm, bits) : DER,
        signature,
      );
      // Verify: a signature that does not match is this error, never an answer.
      must(isRight, "KMSInvalidSignatureException");
      return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: input.SigningAlgorithm };
    },
    ScheduleKeyDeletion({ KeyId, PendingWindowInDays = 30 }) {
      // ScheduleKeyDeletion takes a key's id or ARN, no alias.
      must(!String(KeyId).includes("alias/"), "NotFoundException", "an alias names no key here");
      const key = find(KeyId);
      must(
        Number.isInteger(PendingWindowInDays) && PendingWindowInDays >= 7 && PendingWindowInDays <= 30,
        "ValidationException",
        "PendingWindowInDays",
      );
      must(key.state !== "PendingDeletion", "KMSInvalidStateException", `${key.arn} is pending deletion.`);
      key.state = "PendingDeletion";
      return {
        KeyId: key.arn,
        KeyState: key.state,
        PendingWindowInDays,
        DeletionDate: world.now() / 1000 + PendingWindowInDays * 86_400,
      };
    },
    CancelKeyDeletion({ KeyId }) {
      const key = find(KeyId);
      must(key.state === "PendingDeletion", "KMSInvalidStateException");
      key.state = key.origin === "EXTERNAL" && key.pair === undefined ? "PendingImport" : "Disabled";
      return { KeyId: key.arn };
    },
    DisableKey: ({ KeyId }) => setState(find(KeyId), "Disabled"),
    EnableKey: ({ KeyId }) => setState(find(KeyId), "Enabled"),
    CreateAlias({ AliasName, TargetKeyId }) {
      must(ALIAS.test(AliasName), "ValidationException", "AliasName");
      // CreateAlias: names that begin with alias/aws/ are AWS's own.
      must(!AliasName.startsWith("alias/aws/"), "NotAuthorizedException");
      must(!aliases.has(AliasName), "AlreadyExistsException", `An alias with the name ${AliasName} already exists`);
      const key = find(TargetKeyId);
      must(key.state !== "PendingDeletion", "KMSInvalidStateException");
      aliases.set(AliasName, key.id);
      return undefined;
    },
    UpdateAlias({ AliasName, TargetKeyId }) {
      must(aliases.has(AliasName), "NotFoundException");
      const [before, after] = [keys.get(aliases.get(AliasName)), find(TargetKeyId)];
      // UpdateAlias: the current and the new key must be of the same type and usage.
      must(before.usage === after.usage && isSymmetricKey(before) === isSymmetricKey(after), "ValidationException");
      must(after.state !== "PendingDeletion", "KMSInvalidStateException");
      aliases.set(AliasName, after.id);
      return undefined;
    },
    DeleteAlias({ AliasName }) {
      must(aliases.delete(AliasName), "NotFoundException", `Alias ${AliasName} is not found.`);
      return undefined;
    },
    ListAliases({ KeyId, Limit = 50, Marker }) {
      const all = [...world.lag.seen("aliases", aliases)].map(([AliasName, id]) => ({
        AliasName,
        AliasArn: arnOf("").replace("key/", AliasName),
        TargetKeyId: id,
      }));
      const { items, next } = page(
        KeyId === undefined ? all : all.filter((each) => each.TargetKeyId === find(KeyId).id),
        Math.min(Limit, 100),
        Marker,
      );
      return { Aliases: items, Truncated: next !== undefined, ...(next && { NextMarker: next }) };
    },
    ListKeys({ Limit = 100, Marker }) {
      must(Limit >= 1 && Limit <= 1000, "ValidationException", "Limit");
      const { items, next } = page(
        [...world.lag.seen("keys", keys).values()].map(({ id, arn }) => ({ KeyId: id, KeyArn: arn })),
        Limit,
        Marker,
      );
      return { Keys: items, Truncated: next !== undefined, ...(next && { NextMarker: next }) };
    },
    ListResourceTags({ KeyId, Limit = 50, Marker }) {
      must(!String(KeyId).includes("alias/"), "InvalidArnException", "an alias names no key here");
      const { items, next } = page(
        [...find(KeyId).tags].map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
        Limit,
        Marker,
      );
      return { Tags: items, Truncated: next !== undefined, ...(next && { NextMarker: next }) };
    },
    Encrypt({ KeyId, Plaintext, EncryptionContext }) {
      const key = usable(KeyId, "ENCRYPT_DECRYPT");
      return {
        KeyId: key.arn,
        CiphertextBlob: wrap(key, bytes(Plaintext, "Plaintext", 4096), EncryptionContext),
        EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
      };
    },
    Decrypt({ KeyId, CiphertextBlob, EncryptionContext }) {
      const { key, plaintext } = unwrap(CiphertextBlob, EncryptionContext, KeyId);
      return { KeyId: key.arn, Plaintext: plaintext.toString("base64"), EncryptionAlgorithm: "SYMMETRIC_DEFAULT" };
    },
    GenerateDataKeyPairWithoutPlaintext({ KeyId, KeyPairSpec, EncryptionContext }) {
      const key = usable(KeyId, "ENCRYPT_DECRYPT");
      // GenerateDataKeyPairWithoutPlaintext, "KeyPairSpec": no ML-DSA.
      must(!String(KeyPairSpec).startsWith("ML_DSA"), "ValidationException", "KeyPairSpec");
      const { publicKey, privateKey } = makePair(KeyPairSpec);
      return {
        KeyId: key.arn,
        KeyPairSpec,
        PublicKey: publicKey.export({ format: "der", type: "spki" }).toString("base64"),
        PrivateKeyCiphertextBlob: wrap(key, privateKey.export({ format: "der", type: "pkcs8" }), EncryptionContext),
      };
    },
  };

  const isSymmetricKey = ({ spec }) => spec === "SYMMETRIC_DEFAULT";

  function setState(key, state) {
    must(["Enabled", "Disabled"].includes(key.state), "KMSInvalidStateException");
    key.state = state;
    return undefined;
  }

  const resourceOf = ({ KeyId, TargetKeyId, AliasName, CiphertextBlob, EncryptionContext }) => {
    try {
      // Decrypt, "KeyId": a ciphertext of a symmetric key says which one has made it.
      if (KeyId === undefined && CiphertextBlob !== undefined) return unwrap(CiphertextBlob, EncryptionContext).key.arn;
      if (AliasName !== undefined) return `${arnOf("").replace("key/", AliasName)}`;
      return KeyId === undefined && TargetKeyId === undefined ? "*" : find(KeyId ?? TargetKeyId).arn;
    } catch {
      return String(KeyId);
    }
  };
  // The condition keys of AWS KMS (developer guide), and the global ones for tags.
  const contextOf = ({ EncryptionContext = {}, Tags = [] }, resource) => {
    const own = [...keys.values()].find(({ arn }) => arn === resource)?.tags ?? new Map();
    return Object.fromEntries([
      ...Object.entries(EncryptionContext).map(([name, value]) => [`kms:EncryptionContext:${name}`, value]),
      ...Tags.map(({ TagKey, TagValue }) => [`aws:RequestTag/${TagKey}`, TagValue]),
      ["aws:TagKeys", Tags.map(({ TagKey }) => TagKey)],
      ...[...own].map(([name, value]) => [`aws:ResourceTag/${name}`, value]),
    ]);
  };
  return { actions, resourceOf, contextOf, usable, state: { keys, aliases } };
}

function policyIsJson(text) {
  try {
    return Array.isArray(JSON.parse(text).Statement);
  } catch {
    return false;
  }
}
