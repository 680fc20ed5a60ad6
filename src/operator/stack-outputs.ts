import { type PublicJwk, publicKeyFromJwk } from "../algorithms/jwk.js";
import { createBucket } from "../aws/s3.js";
import { findCustody } from "../custody/registry.js";
import { ownMember } from "../encoding/own-member.js";
import type { Custody } from "../keyring/key-record.js";
import { activeRecord, type Keyring, recordByKid } from "../keyring/keyring.js";
import { parseKeyring } from "../keyring/parse.js";
import { awsAccess } from "./aws-access.js";
import type { Surroundings } from "./surroundings.js";

/** What a stack answers, by name. */
export type Outputs = Readonly<Record<string, string | undefined>>;

/** Outputs of a key that signs no longer. */
export interface OutdatedOutputs {
  /** Which they are. */
  readonly names: readonly string[];
  readonly kid: string;
  /** NumericDate; absent where the key has left the keyring, or signs still. */
  readonly retiredAt?: number;
  /** The key that signs, and since when. */
  readonly signs: { readonly kid: string; readonly since?: number | undefined };
}

const KEYRING = "keyring.json";

/**
 * Compares what a stack says of the key that signs with its keyring.
 *
 * @returns nothing where it is the same, or where the stack tells no key
 * @throws SignetError what AWS answers, and `keyring_invalid`
 */
export async function outdatedOutputs(
  surroundings: Surroundings,
  region: string,
  outputs: Outputs,
): Promise<OutdatedOutputs | undefined> {
  const { KeyringBucket: bucket, KeyID: kid } = outputs;
  if (bucket === undefined || kid === undefined) return undefined;
  const keyring = await keyringIn(surroundings, region, bucket);
  if (keyring === undefined) return undefined;
  const active = activeRecord(keyring);
  if (active?.publicJwk === undefined) return undefined;
  const present: Outputs = {
    KeyID: active.publicJwk.kid,
    SigningMethod: active.publicJwk.alg,
    // The PEM of an ML-DSA key is too long for an output.
    PublicKeyPEMBase64: outputs.PublicKeyPEMBase64 && encodedPem(active.publicJwk),
  };
  const names = Object.entries(present).flatMap(([name, value]) => (ownMember(outputs, name) === value ? [] : [name]));
  if (names.length === 0) return undefined;
  const { retiredAt } = recordByKid(keyring, kid) ?? {};
  return {
    // A secret or a KMS key is of the key that is named, before it or now.
    names: names.includes("KeyID") && (outputs.KeyArn || hasArn(active.custody)) ? [...names, "KeyArn"] : names,
    kid,
    ...(retiredAt !== undefined && { retiredAt }),
    signs: { kid: active.publicJwk.kid, since: active.activatedAt },
  };
}

/** Whether a key is told by what holds it too: a parameter alone is not. */
function hasArn(custody: Custody): boolean {
  const facts = findCustody(custody);
  if (facts?.needsAws !== true) return false;
  const { kmsKeys, secrets } = facts.usage(1);
  return kmsKeys + secrets > 0;
}

/**
 * Who holds the keys of a stack, those of before among them, until they have left its keyring.
 *
 * @returns nothing where there is no keyring
 * @throws SignetError what AWS answers, and `keyring_damaged`
 */
export async function custodiesOf(
  surroundings: Surroundings,
  region: string,
  { KeyringBucket: bucket = "" }: Outputs,
): Promise<readonly Custody[] | undefined> {
  const keyring = await keyringIn(surroundings, region, bucket);
  return keyring?.keys.map(({ custody }) => custody);
}

async function keyringIn(surroundings: Surroundings, region: string, bucket: string): Promise<Keyring | undefined> {
  const transport = awsAccess(surroundings, bucket, region);
  const found = await createBucket(transport, bucket)
    .get(KEYRING)
    .finally(() => transport.close());
  return found && parseKeyring(found.body, KEYRING);
}

function encodedPem(jwk: PublicJwk): string {
  const pem = publicKeyFromJwk(jwk).export({ format: "pem", type: "spki" }).toString();
  return Buffer.from(pem).toString("base64");
}
