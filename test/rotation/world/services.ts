import { type PublicJwk, publicJwk } from "../../../src/algorithms/jwk.js";
import { localSigner } from "../../../src/algorithms/signature.js";
import { type Algorithm, algorithmNamed } from "../../../src/algorithms/table.js";
import type { Custodian, OpenableKey } from "../../../src/custody/contract.js";
import { SignetError } from "../../../src/errors.js";
import type { ActiveDocument } from "../../../src/keyring/active-document.js";
import type { Keyring } from "../../../src/keyring/keyring.js";
import type { PublicDocuments, Stores } from "../../../src/storage/contract.js";
import type { Clockwork } from "./clockwork.js";
import { pooledKey } from "./key-pool.js";
import type { Actor, Wire } from "./wire.js";

// What a document holds beside the private part is nothing that rotation looks at.
const NO_JWK = {} as PublicJwk;

/** Where the installation lives: in files of one machine, or in services that are far away, slow to settle and short of names. */
export type Place = "files" | "services";

/** Told of every change that lands. */
export interface Watcher {
  keyringWritten(keyring: Keyring): void;
  published(documents: PublicDocuments): void;
  documentsChanged(): void;
  /** A private part is gone from its custodian. */
  destroyed(id: string): void;
}

/** What hands from outside can do. */
interface Hands {
  deletePart(id: string): void;
  /** Puts the private part of each of two keys in the other's place. */
  swapParts(one: string, other: string): void;
  /** Leaves a private key with the custodian that no keyring has ever named. */
  leavePart(id: string): void;
  deleteDocument(sequence: number): void;
  /** Takes a key out of the JWKS. */
  unpublish(kid: string): void;
  /** Puts the keyring back as it was so many rotations ago; where there were not so many, as it was first. */
  putBack(rotations: number): void;
  /** Puts the keyring back as it was so many writes ago. */
  putBackWrites(writes: number): void;
}

/** What is really there. */
export interface Services {
  keyring(): Keyring | undefined;
  jwks(): readonly string[];
  /** The active documents that a reader sees who is so many seconds late, the highest sequence first. */
  documents(lateSeconds?: number): readonly ActiveDocument[];
  /** Ids of the private parts that a custodian holds. */
  held(): readonly string[];
  /** Whether the key of a document can be opened, and is the one that it names. */
  canOpen(document: ActiveDocument): boolean;
  /** Whether the private part of a key is where it should be: with its custodian, or in an active document. */
  isSound(id: string, kid: string): boolean;
  audit(): readonly string[];
  storesFor(actor: Actor, isAlive: (holder: string) => boolean): Stores;
  custodianFor(actor: Actor): Custodian;
  writes(): number;
  readonly hands: Hands;
}

const PLACES = 10;
const STALE_SECONDS = 30;

/** A value with its past, for readers who are late. */
function history<T>(clockwork: Clockwork, first: T) {
  const past: { time: number; value: T }[] = [{ time: Number.NEGATIVE_INFINITY, value: first }];
  return {
    get: (lateSeconds = 0): T => (past.findLast(({ time }) => time <= clockwork.now() - lateSeconds) as { value: T }).value,
    set(value: T) {
      past.push({ time: clockwork.now(), value });
    },
  };
}

export function createServices(place: Place, clockwork: Clockwork, wire: Wire, watcher: Watcher): Services {
  const written = history<{ keyring: Keyring; tag: string } | undefined>(clockwork, undefined);
  const publication = history<{ documents: PublicDocuments; tag: string } | undefined>(clockwork, undefined);
  const documents = history<ReadonlyMap<number, ActiveDocument>>(clockwork, new Map());
  const held = history<ReadonlyMap<string, number>>(clockwork, new Map());
  const log = history<readonly string[]>(clockwork, []);
  const numberOf = (line: string): number => (JSON.parse(line) as { number: number }).number;
  const past: { keyring: Keyring; tag: string }[] = [];
  let keysMade = 0;
  let tags = 0;
  let writes = 0;
  const nameOf = (sequence: number): number => (place === "files" ? sequence : sequence % PLACES);
  const visible = (late = 0): ActiveDocument[] => [...documents.get(late).values()].sort((a, b) => b.sequence - a.sequence);
  const lateness = (isStale: boolean): number => (isStale && place === "services" ? STALE_SECONDS : 0);

  function conflict(): SignetError {
    return new SignetError("keyring_conflict", "somebody else has written");
  }

  function keyOf(id: string, isStale = false): number {
    const index = held.get(lateness(isStale)).get(id);
    if (index === undefined) throw new SignetError("key_not_found", "there is no such key");
    return index;
  }

  function edit(id: string, index: number | undefined): void {
    const next = new Map(held.get());
    if (index === undefined) next.delete(id);
    else next.set(id, index);
    held.set(next);
  }

  function removeDocument(sequence: number): void {
    documents.set(new Map([...documents.get()].filter(([name]) => name !== nameOf(sequence))));
  }

  const kids = new Map<number, string>();
  function kidOf(index: number): string {
    const kid = kids.get(index) ?? jwkOf(index, algorithmNamed("EdDSA")).kid;
    kids.set(index, kid);
    return kid;
  }

  function canOpen({ kid, material }: ActiveDocument): boolean {
    const index = "pkcs8" in material ? Number(material.pkcs8) : held.get().get((material as { file: string }).file);
    return index !== undefined && kidOf(index) === kid;
  }

  const jwkOf = (index: number, algorithm: Algorithm) => publicJwk(pooledKey(index), algorithm);

  function storesFor(actor: Actor, isAlive: (holder: string) => boolean): Stores {
    const read = <T>(name: string, effect: (isStale: boolean) => T): Promise<T> => wire.call(actor, name, effect);
    const write = <T>(name: string, effect: () => T): Promise<T> =>
      wire.call(actor, name, () => {
        writes++;
        return effect();
      });
    return {
      keyring: {
        read: () => read("keyring.read", (isStale) => written.get(lateness(isStale))),
        write: (keyring, tag) =>
          write("keyring.write", () => {
            if ((written.get()?.tag ?? null) !== tag) throw conflict();
            const next = { keyring, tag: `k${++tags}` };
            written.set(next);
            past.push(next);
            watcher.keyringWritten(next.keyring);
            return next.tag;
          }),
      },
      active: {
        settleSeconds: place === "files" ? 0 : 60,
        slots: place === "files" ? null : PLACES,
        read: () => read("active.read", (isStale) => visible(lateness(isStale))),
        write: (document) =>
          write("active.write", () => {
            const present = documents.get().get(nameOf(document.sequence));
            if (present !== undefined) {
              if (JSON.stringify(present) === JSON.stringify(document)) return;
              throw new SignetError("sequence_taken", "another document is there");
            }
            documents.set(new Map([...documents.get(), [nameOf(document.sequence), document]]));
            watcher.documentsChanged();
          }),
        // As in Parameter Store, a delete hits whatever has the name by now.
        delete: (sequence) =>
          write("active.delete", () => {
            removeDocument(sequence);
            watcher.documentsChanged();
          }),
      },
      publicDocuments: {
        read: () =>
          read("jwks.read", (isStale) => {
            const found = publication.get(lateness(isStale));
            return found && { ...found.documents, tag: found.tag };
          }),
        publish: (wanted, tag) =>
          write("jwks.publish", () => {
            if ((publication.get()?.tag ?? null) !== tag) throw conflict();
            publication.set({ documents: wanted, tag: JSON.stringify(wanted) });
            watcher.published(wanted);
          }),
      },
      audit: {
        append: (number, line) =>
          write("audit.append", () => {
            const present = log.get().find((other) => numberOf(other) === number);
            if (present === undefined) log.set([...log.get(), line]);
            else if (present !== line) throw new SignetError("store_failed", "the log holds another line");
          }),
        async *read(after = 0) {
          yield* (await read("audit.read", (isStale) => log.get(lateness(isStale)))).filter((line) => numberOf(line) > after);
        },
      },
      holder: () => actor.name,
      stateOfHolder: (holder) => (place === "services" ? "unknown" : isAlive(holder) ? "alive" : "gone"),
      describeHolder: (holder) => holder,
      ...(place === "services" ? { serviceTime: async () => Math.floor(clockwork.now()) } : {}),
    };
  }

  function custodianFor(actor: Actor): Custodian {
    const call = <T>(name: string, effect: (isStale: boolean) => T): Promise<T> => wire.call(actor, name, effect);
    return {
      custody: "file",
      isNear: true,
      isPlain: true,
      ...(place === "services" && { isSelfContained: true }),
      recognises: () => true,
      namesIn: ({ file }) => (typeof file === "string" ? { id: file } : {}),
      create: (id, algorithm) =>
        call("custodian.create", () => {
          if (!held.get().has(id)) edit(id, keysMade++);
          return jwkOf(keyOf(id), algorithm);
        }),
      material: (id) =>
        call("custodian.material", (isStale) => {
          const index = keyOf(id, isStale);
          return place === "files" ? { file: id } : { pkcs8: String(index), publicJwk: NO_JWK };
        }),
      open: ({ alg, material }: OpenableKey) =>
        call("custodian.open", (isStale) => {
          const index = "pkcs8" in material ? Number(material.pkcs8) : keyOf((material as { file: string }).file, isStale);
          return localSigner({ privateKey: pooledKey(index), alg });
        }),
      destroy: (id) =>
        call("custodian.destroy", () => {
          const index = held.get().get(id);
          edit(id, undefined);
          if (index !== undefined) watcher.destroyed(id);
        }),
      async *list() {
        yield* await call("custodian.list", (isStale) => [...held.get(lateness(isStale)).keys()]);
      },
    };
  }

  return {
    keyring: () => written.get()?.keyring,
    jwks: () => publication.get()?.documents.jwks.keys.map((jwk) => jwk.kid) ?? [],
    documents: visible,
    held: () => [...held.get().keys()],
    canOpen,
    isSound: (id, kid) => {
      const index = held.get().get(id);
      return (
        (index !== undefined && kidOf(index) === kid) || visible().some((document) => document.kid === kid && canOpen(document))
      );
    },
    audit: () => log.get(),
    storesFor,
    custodianFor,
    writes: () => writes,
    hands: {
      deletePart: (id) => edit(id, undefined),
      swapParts(one, other) {
        const [ofOne, ofOther] = [held.get().get(one), held.get().get(other)];
        edit(one, ofOther);
        edit(other, ofOne);
      },
      leavePart: (id) => edit(id, keysMade++),
      deleteDocument: (sequence) => removeDocument(sequence),
      unpublish(kid) {
        const present = publication.get();
        if (present === undefined) return;
        const { jwks, ...rest } = present.documents;
        const documents = { ...rest, jwks: { keys: jwks.keys.filter((jwk) => jwk.kid !== kid) } };
        publication.set({ documents, tag: JSON.stringify(documents) });
        watcher.published(documents);
      },
      putBack(rotations) {
        const confirmed = [...new Set(past.map(({ keyring }) => keyring.confirmedSequence))].filter((sequence) => sequence > 0);
        const sequence = confirmed.at(-1 - rotations) ?? confirmed[0];
        const old = past.findLast(({ keyring }) => keyring.confirmedSequence === sequence);
        if (old !== undefined) written.set(old);
      },
      putBackWrites(number) {
        const old = past.at(-1 - number);
        if (old !== undefined) written.set(old);
      },
    },
  };
}
