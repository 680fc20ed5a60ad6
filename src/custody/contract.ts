import type { KeyObject } from "node:crypto";
import type { PublicJwk } from "../algorithms/jwk.js";
import type { Algorithm, AlgorithmName } from "../algorithms/table.js";
import type { ActiveDocument, KeyMaterial } from "../keyring/active-document.js";
import type { Custody } from "../keyring/key-record.js";

/** An opened key that signs. */
export interface Signer {
  readonly kid: string;
  readonly alg: AlgorithmName;
  readonly publicJwk: PublicJwk;
  /** Signs a JWS signing input (ASCII) and answers the signature in JWS form (RFC 7515 section 5.1). */
  sign(signingInput: string): Buffer | Promise<Buffer>;
}

/** What names a key to `open`: these members of the active document. */
export type OpenableKey = Pick<ActiveDocument, "kid" | "alg" | "material">;

/** Who holds private keys. Every method may be called again after a crash or a lost answer and then has the same outcome. */
export interface Custodian {
  readonly custody: Custody;
  /**
   * Makes a key. The keyring already lists `id` as `creating`; for an id that has its key, that key is answered.
   *
   * @returns the public key, named as the custodian names keys
   */
  create(id: string, algorithm: Algorithm): Promise<PublicJwk>;
  /** What the active document must hold to sign with a key. */
  material(id: string): Promise<KeyMaterial>;
  /** Opens a key for signing. */
  open(key: OpenableKey): Promise<Signer>;
  /** Destroys the private part; absent is success. */
  destroy(id: string): Promise<void>;
  /** Every id that has a private part, whole or in pieces, here. Finds what no keyring names. */
  list(): AsyncIterable<string>;
}

/** A custodian that takes private keys made elsewhere. */
export interface KeyImporter {
  /**
   * Stores a private key under an id; again with the same key is success.
   *
   * @param kid the key's name; the RFC 7638 thumbprint when absent
   */
  importKey(id: string, privateKey: KeyObject, algorithm: Algorithm, kid?: string): Promise<PublicJwk>;
}

/** A custodian that takes keys of the service behind it which somebody else has made. */
export interface KeyLender {
  /** The public key of such a key. Changes nothing. */
  describe(key: string, algorithm: Algorithm): Promise<PublicJwk>;
  /**
   * Takes a key under an id. It is not destroyed with its record: it is only lent.
   *
   * @param key the service's name for it
   */
  lend(id: string, key: string, algorithm: Algorithm): Promise<PublicJwk>;
}

/** A custodian whose writes a crash can cut short. */
export interface InterruptedWrites {
  /** Removes what dead processes were writing; what may belong to a living one stays. */
  removeDeadWrites(): Promise<void>;
}

/** Tells whether a custodian has to clean up behind writers that died. */
export function leavesWrites(custodian: Custodian): custodian is Custodian & InterruptedWrites {
  return "removeDeadWrites" in custodian;
}

/** A custodian that others ask for the key that signs. */
export interface ActiveKeyPointer {
  /** Points to a key that signs from now on. */
  pointTo(id: string): Promise<void>;
}

/** Tells whether a custodian wants to know which of its keys signs. */
export function canPoint(custodian: Custodian): custodian is Custodian & ActiveKeyPointer {
  return "pointTo" in custodian;
}

/** Tells whether a custodian takes keys that are there already. */
export function canLend(custodian: Custodian): custodian is Custodian & KeyLender {
  return "lend" in custodian;
}

/** Tells whether a custodian takes private keys made elsewhere. */
export function canImport(custodian: Custodian): custodian is Custodian & KeyImporter {
  return "importKey" in custodian;
}
