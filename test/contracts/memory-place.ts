import { createHash, type KeyObject } from "node:crypto";
import { type PublicJwk, publicJwk } from "../../src/algorithms/jwk.js";
import { generatePrivateKey } from "../../src/algorithms/keys.js";
import { localSigner } from "../../src/algorithms/signature.js";
import type { Algorithm } from "../../src/algorithms/table.js";
import type { AlikeKeeper, Custodian, KeyImporter } from "../../src/custody/contract.js";
import { materialForm } from "../../src/custody/material.js";
import { keyNotFound, sameAlgorithm, sameKey } from "../../src/custody/stored-key.js";
import { SignetError } from "../../src/errors.js";
import { describeProcess, processIdentity } from "../../src/files/process-identity.js";
import { parseActiveDocument } from "../../src/keyring/active-document.js";
import { keyringText, parseKeyring } from "../../src/keyring/parse.js";
import type { Stores } from "../../src/storage/contract.js";
import { parsePublished } from "../../src/storage/published.js";

/** What a place holds: each document as the text that a file would have. */
interface Held {
  keyring?: string;
  published?: { readonly jwks: string; readonly discovery: string | undefined };
  readonly active: Map<number, string>;
  readonly log: Map<number, string>;
  readonly keys: Map<string, { readonly privateKey: KeyObject; readonly jwk: PublicJwk }>;
}

/**
 * An installation as on files, without files: for what managers do, whose proof does not depend on a disk. `test/storage/memory.test.ts` holds
 * it to what every store and custodian must do, but for three rules that are about a disk: what facts say of folder, passphrase and interrupted
 * writes, who else can reach its files, and what a crash in the middle of a making leaves.
 */
export interface MemoryPlace {
  readonly stores: Stores;
  /** By the name of the one on files. */
  readonly custodian: Custodian & KeyImporter & AlikeKeeper;
  /** Another place that holds the same. */
  copy(): MemoryPlace;
}

export function memoryPlace(held: Held = { active: new Map(), log: new Map(), keys: new Map() }): MemoryPlace {
  return {
    stores: storesOver(held),
    custodian: custodianOver(held.keys),
    copy: () => memoryPlace({ ...held, active: new Map(held.active), log: new Map(held.log), keys: new Map(held.keys) }),
  };
}

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");
const conflict = (): SignetError => new SignetError("keyring_conflict", "somebody else has written meanwhile");

function storesOver(held: Held): Stores {
  const keyringTag = () => (held.keyring === undefined ? null : digestOf(held.keyring));
  const publishedTag = () => (held.published === undefined ? null : digestOf(JSON.stringify(held.published)));
  return {
    keyring: {
      async read() {
        return held.keyring === undefined
          ? undefined
          : { keyring: parseKeyring(held.keyring, "memory"), tag: digestOf(held.keyring) };
      },
      async write(keyring, tag) {
        if (keyringTag() !== tag) throw conflict();
        held.keyring = keyringText(keyring);
        return digestOf(held.keyring);
      },
    },
    active: {
      settleSeconds: 0,
      slots: null,
      read: async () =>
        [...held.active].sort(([one], [other]) => other - one).map(([, text]) => parseActiveDocument(text, "memory")),
      async write(document) {
        const text = JSON.stringify(document);
        const present = held.active.get(document.sequence) ?? text;
        if (present !== text) throw new SignetError("sequence_taken", `${document.sequence} has another active document`);
        held.active.set(document.sequence, text);
      },
      delete: async (sequence) => void held.active.delete(sequence),
    },
    publicDocuments: {
      read: async () => held.published && { ...parsePublished(held.published), tag: publishedTag() as string },
      async publish({ jwks, discovery }, tag) {
        if (publishedTag() !== tag) throw conflict();
        held.published = { jwks: JSON.stringify(jwks), discovery: discovery && JSON.stringify(discovery) };
      },
    },
    audit: {
      async append(number, line) {
        const present = held.log.get(number) ?? line;
        if (present !== line) throw new SignetError("store_failed", `the log holds another line ${number}`);
        held.log.set(number, line);
      },
      async *read(after = 0) {
        for (const [number, line] of [...held.log]) if (number > after) yield line;
      },
    },
    holder: processIdentity,
    stateOfHolder: (holder) => (holder === processIdentity() ? "alive" : "unknown"),
    describeHolder: describeProcess,
  };
}

const material = materialForm<{ readonly file: string }>("file", "file");

function custodianOver(keys: Held["keys"]): MemoryPlace["custodian"] {
  function keyOf(id: string) {
    const key = keys.get(id);
    if (key === undefined) throw keyNotFound(`the name ${id}`);
    return key;
  }

  function store(id: string, privateKey: KeyObject, algorithm: Algorithm, kid?: string): PublicJwk {
    const jwk = publicJwk(privateKey, algorithm, kid);
    // Whoever was first stays.
    if (!keys.has(id)) keys.set(id, { privateKey, jwk });
    return jwk;
  }

  return {
    ...material.own,
    isNear: true,
    isPlain: true,
    namesIn: ({ file }) => ({ id: file as string }),
    async create(id, algorithm) {
      if (!keys.has(id)) store(id, await generatePrivateKey(algorithm), algorithm);
      return sameAlgorithm(keyOf(id).jwk, algorithm, id);
    },
    importKey: async (id, privateKey, algorithm, kid) => {
      const wanted = store(id, privateKey, algorithm, kid);
      return sameKey(keyOf(id).jwk, wanted, id);
    },
    async material(id) {
      keyOf(id);
      return material.write({ file: id });
    },
    async open({ kid, alg, material: given }) {
      const { privateKey, jwk } = keyOf(material.read(given).file);
      // As on files: an RSA key signs its certificate as RS256 says.
      const mayBeUsed = jwk.alg === alg || (jwk.kty === "RSA" && alg === "RS256");
      if (jwk.kid !== kid || !mayBeUsed) throw new SignetError("key_mismatch", "it is another key");
      return localSigner({ privateKey, alg, kid });
    },
    destroy: async (id) => void keys.delete(id),
    async *list() {
      yield* [...keys.keys()];
    },
    assertKeptAlike: async (recorded) => recorded ?? { encrypted: false },
    keepFromNowOn: async (recorded) => recorded ?? { encrypted: false },
  };
}
