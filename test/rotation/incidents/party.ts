import { join } from "node:path";
import type { JSONWebKeySet } from "jose";
import type { Custodian } from "../../../src/custody/contract.js";
import { createFileCustodian } from "../../../src/custody/file/custodian.js";
import { documentRoutes } from "../../../src/http/public-documents.js";
import { createActiveKey } from "../../../src/issue/active-key.js";
import { createIssuer } from "../../../src/issue/issuer.js";
import { createManager, type Manager } from "../../../src/rotation/manager.js";
import type { RotationSettings } from "../../../src/rotation/plan/policy.js";
import type { PublishedDocuments, Stores } from "../../../src/storage/contract.js";
import { createFileStores } from "../../../src/storage/file/stores.js";
import { memoryPlace } from "../../contracts/memory-place.js";
import { SETTINGS } from "../settings-fixture.js";

export const ISSUER = "https://issuer.example";
export const START = 1_800_000_000;
export const HOUR = 3_600;
export const DAY = 24 * HOUR;

/** What a verifier gets that asks for the keys. */
export interface Served {
  readonly jwks: JSONWebKeySet;
  readonly cacheControl: string;
}

/** An issuer as its verifiers and its operator see it, on a clock that only a scenario moves. */
export interface Party {
  /** NumericDate. */
  readonly now: () => number;
  /** Lets time pass. Who looks after the keys does so meanwhile, unless that is stopped. */
  pass(seconds: number, upkeep?: "goes on" | "is stopped"): Promise<void>;
  /** Two days pass in which nothing is missing for a rotation but the word of an operator. */
  prepare(): Promise<void>;
  /** An operator asks for another key: a naive issuer takes it, ours as soon as verifiers have it; at once where that was prepared. */
  rotate(): Promise<void>;
  issue(ttlSeconds?: number): Promise<string>;
  serve(): Promise<Served>;
}

/** Signet's own manager, issuer and route of the JWKS. */
export interface OurParty extends Party {
  readonly stores: Stores;
  readonly active: ReturnType<typeof createActiveKey>;
  /** A manager as another process would be, with other settings where they are given. */
  manager(settings?: Partial<RotationSettings>): Manager;
}

const TICK_EVERY_SECONDS = 4 * HOUR;

/** Where an issuer of ours is, for a server that reads its files. */
export const inFolder = (directory: string) => ({
  stores: createFileStores(directory),
  custodian: createFileCustodian({ directory: join(directory, "keys") }),
});

/** Makes an issuer of ours, with a key that signs and a standby. */
export async function ourIssuer(
  place: { readonly stores: Stores; readonly custodian: Custodian } = memoryPlace(),
  settings: Partial<RotationSettings> = {},
): Promise<OurParty> {
  let now = START;
  const clock = (): number => now;
  const { stores, custodian: file } = place;
  const manager = (more: Partial<RotationSettings> = {}): Manager =>
    createManager({
      stores,
      custodians: { file },
      settings: { ...SETTINGS, issuer: ISSUER, ...settings, ...more },
      clock,
      sleep: async () => undefined,
    });
  const upkeep = manager();
  await upkeep.tick({ createKeyring: true });

  async function pass(seconds: number, ticks = "goes on"): Promise<void> {
    const end = now + seconds;
    while (now < end) {
      const next = now + TICK_EVERY_SECONDS - ((now - START) % TICK_EVERY_SECONDS);
      now = Math.min(end, next);
      if (now === next && ticks === "goes on") await upkeep.tick();
    }
  }

  const active = createActiveKey({ read: () => stores.active.read(), open: file.open, maxAgeSeconds: HOUR, clock });
  const issuer = createIssuer({ signer: active, issuer: ISSUER, clock });
  let published: PublishedDocuments | undefined;
  const routes = documentRoutes({
    documents: () => published,
    scopes: () => [],
    absent: () => new Response(null, { status: 404 }),
  });
  return {
    now: clock,
    stores,
    active,
    manager,
    pass,
    async prepare() {
      // A rotation wants a second standby that every verifier has.
      await upkeep.rotate();
      await pass(2 * DAY, "is stopped");
    },
    async rotate() {
      await upkeep.rotate();
      // As the quickest of issuers: the harder case for verifiers.
      await active.refresh();
    },
    issue: async (ttl = HOUR) => (await issuer.issue({ claims: {}, ttl })).token,
    async serve() {
      published = await stores.publicDocuments.read();
      const answer = await routes.jwks(new Request(`${ISSUER}/.well-known/jwks.json`), { address: "192.0.2.1", log: {} });
      return { jwks: (await answer.json()) as JSONWebKeySet, cacheControl: answer.headers.get("cache-control") ?? "" };
    },
  };
}
