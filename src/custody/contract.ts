import type { KeyObject } from "node:crypto";
import type { PublicJwk } from "../algorithms/jwk.js";
import type { Algorithm, AlgorithmName } from "../algorithms/table.js";
import { SignetError } from "../errors.js";
import type { ActiveDocument, KeyMaterial } from "../keyring/active-document.js";
import { type Custody, isCustodyName } from "../keyring/key-record.js";
import type { KeyFiles } from "../keyring/keyring.js";

/** An opened key that signs. */
export interface Signer {
  readonly kid: string;
  readonly alg: AlgorithmName;
  readonly publicJwk: PublicJwk;
  /** The key is not in this process's memory: each signature is asked of another program or service, and comes by a promise. */
  readonly isRemote?: true | undefined;
  /** Signs a JWS signing input (ASCII) and answers the signature in JWS form (RFC 7515 section 5.1). */
  sign(signingInput: string): Buffer | Promise<Buffer>;
}

/** What names a key to `open`: these members of the active document. */
export type OpenableKey = Pick<ActiveDocument, "kid" | "alg" | "material">;

/** What the keyring knows of a key beside its id. A custodian whose service names keys itself finds it by that, and by nothing else. */
export interface KnownKey {
  readonly kid?: string | undefined;
  readonly keyArn?: string | undefined;
}

/** What material says of the key that it opens. */
export interface KeyNames {
  /** The id that it was made for. */
  readonly id?: string;
  /** The name by which its service is called, which the keyring records. */
  readonly keyArn?: string;
  /** What a stack's output names: the key, or what holds it. */
  readonly arn?: string;
}

/** Opens the keys of one custodian: all that an issuer has to load. `P` is where they are. */
export interface Opener<P> {
  readonly custody: Custody;
  /** Tells whether material is this custodian's. */
  recognises(material: KeyMaterial): boolean;
  /** Binds what an opener needs. What it answers checks that the key is the one that was asked for. */
  bind(deps: P): (key: OpenableKey) => Promise<Signer>;
}

/** Who holds private keys. Every method may be called again after a crash or a lost answer and then has the same outcome. */
export interface Custodian {
  readonly custody: Custody;
  /** Its keys are on this machine: looking for them costs nothing. */
  readonly isNear?: true;
  /** Its material signs without it: it needs no copy of a key that signs. */
  readonly isSelfContained?: true;
  /** What its material holds is no secret by itself: it signs nothing without the custodian. */
  readonly isPlain?: true;
  /** What a key of it costs a month in US dollars. Default 0. */
  readonly keyMonthUsd?: number;
  /** Where its keys are, for custodians of which two share a location: whatever one of them lists, the other one does too. */
  readonly location?: string;
  /**
   * Makes a key. The keyring already lists `id` as `creating`; for an id that has its key, that key is answered.
   *
   * @returns the public key, named as the custodian names keys
   */
  create(id: string, algorithm: Algorithm): Promise<PublicJwk>;
  /** What the active document must hold to sign with a key. */
  material(id: string, known?: KnownKey): Promise<KeyMaterial>;
  /** Tells whether material is its own. */
  recognises(material: KeyMaterial): boolean;
  /** What material of its own, which it has opened, says of the key. */
  namesIn?(material: KeyMaterial): KeyNames;
  /** Opens a key for signing. */
  open(key: OpenableKey): Promise<Signer>;
  /** Destroys the private part of an id, or one thing by the name under which it is listed; absent is success. */
  destroy(id: string, known?: KnownKey): Promise<void>;
  /**
   * Names every private key here, whole or in pieces, by the id that it was made for, and as `ID.PART` where an id can have several: the
   * part of one in KMS is its kid. Finds what no keyring names.
   */
  list(): AsyncIterable<string>;
}

/** Tells whether the keyring has a key of this kid, and under this id where one is given. */
export type IsNamed = (kid: string, id?: string) => boolean;

/** A custodian whose keys have other names as well, which others go by and Signet does not. */
export interface NameKeeper {
  /** Removes the names that belong to no key of the keyring. No key is touched. */
  removeNames(isNamed: IsNamed): Promise<void>;
}

/** Tells whether a custodian's keys have other names. */
export function keepsNames(custodian: Custodian): custodian is Custodian & NameKeeper {
  return "removeNames" in custodian;
}

/** What an import is told, and tells while it works. */
export interface ImportProgress {
  /** An earlier try may have come some way. */
  readonly isAgain: boolean;
  /** How the service calls the key already: what it has lost of this one is given to it again, and no other is made. */
  readonly knownAs?: string;
  /**
   * Told how the service calls the key, by an importer of `namesImports`: when the key has its place, and before its private part goes there.
   * Where it throws, nothing is handed over.
   */
  onNamed(publicJwk: PublicJwk): Promise<void>;
}

/** A custodian that takes private keys made elsewhere. */
export interface KeyImporter {
  /** The service behind it names the keys that it takes: a name that they had before is not kept. */
  readonly namesImports?: true;
  /**
   * Tells before anything is done whether it takes a key; absent where it takes every one.
   *
   * @throws SignetError `unsupported_algorithm` or `invalid_key`, with what to do instead
   */
  assertTakes?(privateKey: KeyObject, algorithm: Algorithm): void;
  /**
   * Stores a private key under an id; again with the same key is success, and goes on with what was interrupted.
   *
   * @param kid the key's name, where the service does not name it; the RFC 7638 thumbprint when absent
   */
  importKey(id: string, privateKey: KeyObject, algorithm: Algorithm, kid?: string, progress?: ImportProgress): Promise<PublicJwk>;
}

/** A custodian that takes keys of the service behind it which were made elsewhere. */
export interface KeyAdopter {
  /** The public key of such a key. Changes nothing. */
  describe(key: string, algorithm: Algorithm): Promise<PublicJwk>;
  /**
   * Takes a key under an id. It is not destroyed with its record: it stays its owner's.
   *
   * @param key the service's name for it
   */
  adopt(id: string, key: string, algorithm: Algorithm): Promise<PublicJwk>;
}

/**
 * A custodian that keeps its keys in one of several ways: encrypted under a passphrase, or not (`takesPassphrase` of its facts). There is one
 * at most: the keyring records one way.
 */
export interface AlikeKeeper {
  /**
   * Makes sure that a new key would be kept as those that are there.
   *
   * @param recorded what the keyring says of it; absent where it says nothing yet
   * @returns what it has to say: the same where it says something
   * @throws SignetError `passphrase_required` or `passphrase_wrong`; `plan_refused` for a passphrase where keys are not encrypted
   */
  assertKeptAlike(recorded?: KeyFiles): Promise<KeyFiles>;
  /**
   * How keys are kept from now on, by a person's word. Encrypted ones that are there have to open.
   *
   * @throws SignetError `passphrase_required` or `passphrase_wrong`
   */
  keepFromNowOn(recorded?: KeyFiles): Promise<KeyFiles>;
}

/** Tells whether a custodian's keys have to be kept alike. */
export function keepsAlike(custodian: Custodian): custodian is Custodian & AlikeKeeper {
  return "assertKeptAlike" in custodian;
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
  pointTo(id: string, known?: KnownKey): Promise<void>;
}

/** Tells whether a custodian wants to know which of its keys signs. */
export function canPoint(custodian: Custodian): custodian is Custodian & ActiveKeyPointer {
  return "pointTo" in custodian;
}

/** Tells whether a custodian takes keys that are there already. */
export function canAdopt(custodian: Custodian): custodian is Custodian & KeyAdopter {
  return "adopt" in custodian;
}

/** Tells whether a custodian takes private keys made elsewhere. */
export function canImport(custodian: Custodian): custodian is Custodian & KeyImporter {
  return "importKey" in custodian;
}

/** The custodian that made material; `undefined` where none of these did. */
export function holderOf(custodians: Readonly<Record<Custody, Custodian>>, material: KeyMaterial): Custodian | undefined {
  return Object.values(custodians).find((custodian) => custodian.recognises(material));
}

/** The name of the custodian that takes existing keys; empty where there is none. */
export function adopterIn(custodians: Readonly<Record<Custody, Custodian>>): Custody {
  return Object.values(custodians).find(canAdopt)?.custody ?? "";
}

/** Opens a key with the custodian of these that holds it. */
export function opening(custodians: Readonly<Record<Custody, Custodian>>): (key: OpenableKey) => Promise<Signer> {
  return async (key) => {
    const custodian = holderOf(custodians, key.material);
    if (custodian !== undefined) return custodian.open(key);
    const { custody } = key.material;
    const holder = isCustodyName(custody) ? custody : "another";
    throw new SignetError("no_active_key", `the key that signs is held by ${holder}, not configured here`);
  };
}
