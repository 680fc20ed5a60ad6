/**
 * AWS KMS: key material that is imported. Rules from its API reference (GetParametersForImport, ImportKeyMaterial,
 * DeleteImportedKeyMaterial) and its developer guide, "Importing key material for AWS KMS keys".
 */
import {
  constants,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  privateDecrypt,
  randomBytes,
} from "node:crypto";
import { rsaPair } from "../../contracts/rsa-keys.mjs";
import { must, Refusal } from "./refusal.mjs";

const DAY_MS = 86_400_000;
const CURVES = {
  prime256v1: "ECC_NIST_P256",
  secp384r1: "ECC_NIST_P384",
  secp521r1: "ECC_NIST_P521",
  secp256k1: "ECC_SECG_P256K1",
};
/** Requirements for imported key material: no Ed25519, no ML-DSA. */
const SPECS = ["RSA_2048", "RSA_3072", "RSA_4096", ...Object.values(CURVES), "SYMMETRIC_DEFAULT"];
const WRAPPING_BITS = { RSA_2048: 2048, RSA_3072: 3072, RSA_4096: 4096 };
const ALGORITHMS = {
  RSAES_OAEP_SHA_1: "sha1",
  RSAES_OAEP_SHA_256: "sha256",
  RSA_AES_KEY_WRAP_SHA_1: "sha1",
  RSA_AES_KEY_WRAP_SHA_256: "sha256",
};
const NO_EXPIRY = "KEY_MATERIAL_DOES_NOT_EXPIRE";

/** @param {string} spec */
export function assertImportable(spec) {
  must(SPECS.includes(spec), "UnsupportedOperationException", `KeySpec ${spec} does not support imported key material.`);
}

/** @param {Buffer} blob @param {{ algorithm: string, pair: { privateKey: import("node:crypto").KeyObject } }} parameters */
export function unwrapped(blob, { algorithm, pair }) {
  const oaep = { key: pair.privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: ALGORITHMS[algorithm] };
  try {
    if (!algorithm.startsWith("RSA_AES")) return privateDecrypt(oaep, blob);
    const bytes = (pair.privateKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
    const aes = privateDecrypt(oaep, blob.subarray(0, bytes));
    // RFC 5649, with padding: not RFC 3394.
    const decipher = createDecipheriv("id-aes256-wrap-pad", aes, Buffer.from("A65959A6", "hex"));
    return Buffer.concat([decipher.update(blob.subarray(bytes)), decipher.final()]);
  } catch {
    throw new Refusal("InvalidCiphertextException", "the material cannot be unwrapped");
  }
}

/** @param {Buffer} plain @param {string} spec */
function pairOf(plain, spec) {
  let privateKey;
  try {
    privateKey = createPrivateKey({ key: plain, format: "der", type: "pkcs8" });
  } catch {
    throw new Refusal("IncorrectKeyMaterialException", "not PKCS #8");
  }
  const { modulusLength, namedCurve } = privateKey.asymmetricKeyDetails ?? {};
  const is = privateKey.asymmetricKeyType === "rsa" ? `RSA_${modulusLength}` : CURVES[namedCurve ?? ""];
  must(is === spec, "IncorrectKeyMaterialException", `the key is not of ${spec}`);
  // SEQUENCE { INTEGER 0, SEQUENCE { OID ecPublicKey, OID curve } }: parameters that are written out are no name.
  const named = /^30(?:[0-7].|81..|82....)020100301[0-9a-f]06072a8648ce3d020106/;
  must(spec.startsWith("RSA") || named.test(plain.toString("hex")), "IncorrectKeyMaterialException", "explicit curve");
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/**
 * @param {{ now: () => number }} world
 * @param {(named: string) => any} find
 * @param {(text: string, name: string, most: number) => Buffer} bytes
 */
export function createImportActions(world, find, bytes) {
  const tokens = new Map();
  const external = (KeyId) => {
    must(!String(KeyId).includes("alias/"), "NotFoundException", "an alias names no key here");
    const key = find(KeyId);
    must(key.origin === "EXTERNAL", "UnsupportedOperationException", `${key.arn} origin is ${key.origin}`);
    must(["PendingImport", "Enabled"].includes(key.state), "KMSInvalidStateException", `${key.arn} is ${key.state}.`);
    return key;
  };

  return {
    GetParametersForImport({ KeyId, WrappingAlgorithm, WrappingKeySpec }) {
      const key = external(KeyId);
      const bits = WRAPPING_BITS[WrappingKeySpec];
      must(bits !== undefined, "ValidationException", "WrappingKeySpec");
      // Since October 2023 without RSAES_PKCS1_V1_5.
      must(WrappingAlgorithm in ALGORITHMS, "UnsupportedOperationException", "WrappingAlgorithm");
      const isBare = !WrappingAlgorithm.startsWith("RSA_AES");
      must(!(isBare && key.spec.startsWith("RSA")), "UnsupportedOperationException", "RSA material needs RSA_AES_KEY_WRAP_*");
      must(!(isBare && key.spec === "ECC_NIST_P521" && bits === 2048), "UnsupportedOperationException", "P-521 does not fit");
      const token = randomBytes(512).toString("base64");
      const validTo = world.now() + DAY_MS;
      const pair = rsaPair(bits);
      tokens.set(token, { keyId: key.id, algorithm: WrappingAlgorithm, pair, validTo });
      const PublicKey = pair.publicKey.export({ format: "der", type: "spki" }).toString("base64");
      return { KeyId: key.arn, ImportToken: token, PublicKey, ParametersValidTo: validTo / 1000 };
    },
    ImportKeyMaterial({ KeyId, ImportToken, EncryptedKeyMaterial, ExpirationModel = "KEY_MATERIAL_EXPIRES", ValidTo }) {
      const key = external(KeyId);
      const expires = ExpirationModel === "KEY_MATERIAL_EXPIRES";
      must(expires || ExpirationModel === NO_EXPIRY, "ValidationException", "ExpirationModel");
      must(expires === (ValidTo !== undefined), "ValidationException", "ValidTo goes with KEY_MATERIAL_EXPIRES, and has to");
      if (expires) {
        const inMs = ValidTo * 1000 - world.now();
        must(inMs > 0 && inMs <= 365 * DAY_MS, "ValidationException", "ValidTo");
      }
      bytes(ImportToken, "ImportToken", 6144);
      const parameters = tokens.get(ImportToken);
      must(parameters?.keyId === key.id, "InvalidImportTokenException", "the token is not of this key");
      must(parameters.validTo > world.now(), "ExpiredImportTokenException", "get a new one");
      const pair = pairOf(unwrapped(bytes(EncryptedKeyMaterial, "EncryptedKeyMaterial", 6144), parameters), key.spec);
      const material = createHash("sha256")
        .update(pair.publicKey.export({ format: "der", type: "spki" }))
        .digest("hex");
      // ImportKeyMaterial: what an asymmetric key had can only be imported again.
      must((key.material ?? material) === material, "IncorrectKeyMaterialException", "not the material that the key had");
      // What a witness in another language unwraps once more.
      key.handedOver = { wrapped: EncryptedKeyMaterial, wrappingKey: parameters.pair.privateKey };
      Object.assign(key, { pair, material, state: "Enabled", expirationModel: ExpirationModel, validTo: ValidTo });
      return { KeyId: key.arn, KeyMaterialId: material };
    },
    DeleteImportedKeyMaterial({ KeyId }) {
      const key = external(KeyId);
      Object.assign(key, { pair: undefined, state: "PendingImport", expirationModel: undefined, validTo: undefined });
      return { KeyId: key.arn, KeyMaterialId: key.material };
    },
  };
}
