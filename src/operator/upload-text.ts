import { type PublicJwk, publicKeyFromJwk } from "../algorithms/jwk.js";
import type { Installation } from "../assemble.js";
import type { OpenableKey, Signer } from "../custody/contract.js";
import { isObject } from "../encoding/list-of.js";
import { ownMember } from "../encoding/own-member.js";
import { isSignetError, SignetError } from "../errors.js";
import type { KeyRecord } from "../keyring/key-record.js";
import { knownOf } from "../rotation/session/context.js";
import { type SelfSigned, selfSignedCertificate } from "./self-signed-certificate.js";

/** A key of the keyring that has a public part. */
export type NamedKey = KeyRecord & { readonly publicJwk: PublicJwk };

/** The public key as a PEM (SubjectPublicKeyInfo), without the end of its last line. */
export function pemOf(publicJwk: PublicJwk): string {
  return publicKeyFromJwk(publicJwk).export({ format: "pem", type: "spki" }).toString().trimEnd();
}

/** A PEM without its first and last line, as one line. */
export function bodyOf(pem: string): string {
  return pem.split("\n").slice(1, -1).join("");
}

/**
 * The certificate of a key, signed by its custodian.
 *
 * @throws SignetError `plan_refused` where its custodian cannot be reached from here, and what custodians and stores throw
 */
export async function certificateOf(installation: Installation, record: NamedKey): Promise<SelfSigned> {
  const { publicJwk, creatingAt } = record;
  return selfSignedCertificate(publicJwk, creatingAt, await signerOf(installation, record));
}

/*
 * RSASSA-PSS is random, so that a certificate signed by it would be another one each time: custodians who let an RSA key sign as RS256 says are
 * asked for that, whatever its tokens are signed with.
 */
async function signerOf({ custodians, stores }: Installation, record: NamedKey): Promise<Signer> {
  const { id, custody, alg, origin, publicJwk } = record;
  const custodian = ownMember(custodians, custody);
  if (origin === "foreign" || custodian === undefined) {
    const holder = origin === "foreign" ? "another issuer" : `${custody}, which is not configured here`;
    throw new SignetError("plan_refused", `a certificate is signed by its key, and ${publicJwk.kid} is held by ${holder}`);
  }
  const { kid } = publicJwk;
  // What an active document holds has no other copy.
  const held = (await stores.active.read()).find((document) => document.kid === kid)?.material;
  const material = held ?? (await custodian.material(id, knownOf(record)));
  try {
    return await custodian.open(forCertificate({ kid, alg, material }));
  } catch (error) {
    if (!isSignetError(error, "key_mismatch") || alg === "RS256") throw error;
    return custodian.open({ kid, alg, material });
  }
}

function forCertificate({ kid, material }: OpenableKey): OpenableKey {
  const { publicJwk } = material;
  const named = isObject(publicJwk) ? { publicJwk: { ...publicJwk, alg: "RS256" } } : {};
  return { kid, alg: "RS256", material: { ...material, ...named } };
}
