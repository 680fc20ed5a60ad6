import { createPublicKey } from "node:crypto";
import type { PublicJwk } from "../algorithms/jwk.js";
import { algorithmsFor } from "../algorithms/keys.js";
import type { Installation } from "../assemble.js";
import { createKms } from "../aws/kms.js";
import { kmsVerifies } from "../custody/kms/sign.js";
import { isSignetError, SignetError } from "../errors.js";
import { parseObject, splitToken } from "../verify/token.js";
import { awsAccess } from "./aws-access.js";
import type { Surroundings } from "./surroundings.js";

/** A key in KMS that is to verify a token. */
export interface KmsVerification {
  /** Its public key, without a name, for each algorithm that it can have signed with. */
  readonly keys: readonly PublicJwk[];
  /** Lets KMS itself decide; a token that it refuses is a `token_signature_invalid`. */
  confirm(alg: string): Promise<void>;
}

/**
 * Finds the key in KMS that verifies a token: the one that the token names, where this folder's keyring lists it as a key in KMS,
 * else the one that was given. So an alias that a rotation has moved refuses no token of the key before.
 *
 * @param given a key's id, ARN or alias
 * @param open opens the installation of this folder
 */
export async function kmsVerification(
  surroundings: Surroundings,
  token: string,
  given: string,
  longest: number,
  open: () => Promise<Installation>,
): Promise<KmsVerification> {
  const { header, signingInput, signature } = splitToken(token, longest);
  const own = await installationKey(parseObject(header, "header").kid, open);
  const kms = createKms(awsAccess(surroundings, own.key ?? given, own.region));
  const { arn, spki } = await kms.getPublicKey(own.key ?? given);
  const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
  const keys = algorithmsFor(publicKey).map(
    (alg) => ({ ...publicKey.export({ format: "jwk" }), use: "sig", alg }) as unknown as PublicJwk,
  );
  return {
    keys,
    async confirm(alg) {
      const key = keys.find((each) => each.alg === alg) as PublicJwk;
      if (await kmsVerifies(kms, arn, key, signingInput, signature)) return;
      throw new SignetError("token_signature_invalid", "KMS refuses the signature");
    },
  };
}

async function installationKey(
  kid: unknown,
  open: () => Promise<Installation>,
): Promise<{ key?: string; region?: string | undefined }> {
  try {
    const { stores, config } = await open();
    const records = (await stores.keyring.read())?.keyring.keys ?? [];
    const named = records.find(({ custody, publicJwk }) => custody === "kms" && publicJwk && publicJwk.kid === kid)?.publicJwk;
    return { region: config.aws?.region, ...(named && { key: named.kid }) };
  } catch (error) {
    if (isSignetError(error, "config_missing")) return {};
    throw error;
  }
}
