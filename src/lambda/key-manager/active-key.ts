import { publicKeyFromJwk } from "../../algorithms/jwk.js";
import type { Parts } from "../../assemble-aws.js";
import { holderOf } from "../../custody/contract.js";
import { isSignetError, SignetError } from "../../errors.js";
import { assertSigns } from "../../rotation/steps/prove.js";

/** The key that signs, as a stack tells it in its outputs. */
export interface ActiveKeyData {
  /** The KMS key, or the secret that holds the key; empty where it is in Parameter Store. */
  readonly KeyArn: string;
  readonly KeyID: string;
  /** The PEM (SubjectPublicKeyInfo), base64; empty where it is longer than a custom resource's answer may be. */
  readonly PublicKeyPEMBase64: string;
  readonly SigningMethod: string;
}

/** An ML-DSA key is longer than what CloudFormation takes beside the rest. */
const MAX_PEM_CHARACTERS = 2_500;

/**
 * Tells which key signs, once it has proven itself: it is opened as issuers open it, and its signature is checked against the key that
 * verifiers read in the published JWKS.
 *
 * @throws SignetError `no_active_key`, `key_mismatch`, and what stores and custodians throw
 */
export function provenActiveKey(parts: Telling): Promise<ActiveKeyData> {
  return toldActiveKey(parts, (error) => {
    throw error;
  });
}

/** What tells the key: with `sleep`, in seconds, what two stores say of different moments is read again. */
type Telling = Parts & { readonly sleep?: (seconds: number) => Promise<void> };

const REREADS_SECONDS = [1, 2, 4, 8];

/**
 * Tells which key signs, also where it cannot be opened now: access to it may be denied, or its service throttled.
 *
 * @param onUnproven told why it was not proven
 * @throws SignetError `key_mismatch` for a private part that is another key's than the published one, and what stores throw
 */
export async function toldActiveKey(
  { stores, open, custodians, sleep }: Telling,
  onUnproven: (error: unknown) => void,
): Promise<ActiveKeyData> {
  const read = async () => {
    const [[document], published] = await Promise.all([stores.active.read(), stores.publicDocuments.read()]);
    return { document, jwk: published?.jwks.keys.find(({ kid }) => kid === document?.kid) };
  };
  let found = await read();
  for (const seconds of sleep === undefined ? [] : REREADS_SECONDS) {
    if (found.jwk !== undefined) break;
    await sleep?.(seconds);
    found = await read();
  }
  const { document, jwk } = found;
  if (document === undefined) throw new SignetError("no_active_key", "no key signs yet; the next tick looks again");
  if (jwk === undefined) throw new SignetError("key_mismatch", "the key that signs is not in the published JWKS");
  try {
    await assertSigns(open, jwk, document.material);
  } catch (error) {
    if (isSignetError(error, "key_mismatch")) throw error;
    onUnproven(error);
  }
  const pem = publicKeyFromJwk(jwk).export({ format: "pem", type: "spki" }).toString();
  const encoded = Buffer.from(pem).toString("base64");
  return {
    KeyArn: holderOf(custodians, document.material)?.namesIn?.(document.material).arn ?? "",
    KeyID: document.kid,
    PublicKeyPEMBase64: encoded.length > MAX_PEM_CHARACTERS ? "" : encoded,
    SigningMethod: document.alg,
  };
}
