import { createPublicKey, type JsonWebKey, verify as verifyBytes } from "node:crypto";
import type { Keyring } from "../../../src/keyring/keyring.js";
import { parseKeyring } from "../../../src/keyring/parse.js";
import type { Manager } from "../../../src/rotation/manager.js";
import type { RotationSettings } from "../../../src/rotation/plan/policy.js";
import type { Report } from "../../../src/rotation/report.js";
import type { CloudOracle } from "../cloud/oracle.js";
import { SETTINGS } from "../settings-fixture.js";
import { createClockwork } from "../world/clockwork.js";
import { Violation } from "../world/oracle.js";
import { type Errno, failure } from "./disk.js";
import type { DiskStory, Trouble } from "./disk-world.js";
import { topName } from "./hands.js";
import { type Container, createMachine, type Process, settled } from "./machine.js";
import type { Gate } from "./system-calls.js";

const START = 1_800_000_000;
const DAY = 86_400;
/** What encrypts the key files. */
export const PASSPHRASE = "right";
/** Where managers run: two servers, and the commands of a person. */
export const CONTAINERS: readonly Container[] = [
  { host: "web-1", pidNamespace: "pid:[1]" },
  { host: "web-2", pidNamespace: "pid:[2]" },
  { host: "web-1", pidNamespace: "pid:[1]" },
];

const WORLD_SETTINGS: RotationSettings = {
  ...SETTINGS,
  algorithm: "EdDSA",
  maxTtlSeconds: DAY,
  policy: { ...SETTINGS.policy, rotateEverySeconds: 4 * DAY },
};

/** A folder that is an installation, and who works on it. */
export interface Place {
  readonly path: string;
  readonly oracle: CloudOracle;
  readonly texts: string[];
  readonly managers: { process: Process; manager: Manager; isBusy: boolean }[];
  issuer: { readonly process: Process; issue(): Promise<void>; lastRefusal: string | undefined } | undefined;
  lastText: string | undefined;
  lastJwks: string | undefined;
  isJwksByHand: boolean;
  lastWords: string;
  lastReport: Report | undefined;
  hasFounded: boolean;
  /** What somebody has set there in place of the passphrase that all have. */
  ownPassphrase: { readonly word: string | undefined } | undefined;
}

interface Refusal {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** What changes for everybody. */
interface GroundState {
  /** The disk fills, fails or is read-only until then. */
  broken: { readonly how: Errno; readonly until: number } | undefined;
  isEncrypted: boolean;
  /** What processes that start have in their environment. */
  passphrase: string | undefined;
  unexpected: unknown;
  calls: number;
  time: number;
}

/** A machine, its disk, and the installations on it with their managers and issuers. */
export async function createGround(story: DiskStory) {
  const clockwork = createClockwork(START, settled);
  let [keysMade, ids] = [0, 0];
  const state: GroundState = {
    ...{ broken: undefined, unexpected: undefined, calls: 0, time: START },
    ...{ isEncrypted: story.isEncrypted, passphrase: story.isEncrypted ? PASSPHRASE : undefined },
  };
  const isDiskWell = (): boolean => state.broken === undefined || clockwork.now() >= state.broken.until;
  const machine = await createMachine(clockwork, () => keysMade++ % 300, isDiskWell);
  const { disk } = machine;
  const places: Place[] = [];
  const kids = new Map<string, string>();
  const verified = new Set<string>();
  const troubles = new Map<Process, { left: number; trouble: Trouble }>();
  let luck = story.luck;
  const violate = (words: string): void => {
    state.unexpected ??= new Violation(`${words} at ${Math.round(clockwork.now())}`);
  };
  const coin = (): boolean => {
    luck = (Math.imul(luck, 1_664_525) + 1_013_904_223) >>> 0;
    return luck / 2 ** 32 < 0.5;
  };
  const never = <T>(): Promise<T> => new Promise(() => undefined);
  const textAt = (path: string): string | undefined => disk.find(path)?.content.toString("utf8");

  function standing(place: Place): Keyring | undefined {
    const text = textAt(`${place.path}/keyring.json`);
    try {
      return text === undefined ? undefined : parseKeyring(text, "keyring.json");
    } catch {
      return undefined;
    }
  }

  function topKid(path: string): string | undefined {
    const text = textAt(`${path}/active/${topName(disk, path)}`);
    return text === undefined ? undefined : /"kid": "([^"]+)"/.exec(text)?.[1];
  }

  // What a call of a manager meets: the disk as it is, or what the story has in store for this very call.
  const gateOf =
    (place: () => Place): ((process: Process) => Gate) =>
    (process) =>
    async (kind, what, effect, half) => {
      if (process.isDead) return never();
      await null;
      state.calls++;
      const mine = troubles.get(process);
      if (mine !== undefined && mine.left-- === 0) await meet(process, mine.trouble);
      if (process.isDead) return never();
      const fault = faultFor(process, kind);
      if (fault !== undefined) {
        half?.();
        throw failure(fault, what.split(" ")[0] as string, what);
      }
      if (what.startsWith("rm ") && what.endsWith(".key")) destroyed(place(), what.slice(3));
      const value = effect();
      const isLast = mine?.trouble.kind === "crash-after" && mine.left === -1;
      if (isLast) process.isDead = true;
      return process.isDead ? never() : value;
    };

  async function meet(process: Process, { kind, seconds }: Trouble): Promise<void> {
    if (kind === "crash-before") process.isDead = true;
    if (kind === "power-cut") cutPower();
    if (kind === "fills") state.broken = { how: "ENOSPC", until: clockwork.now() + seconds };
    if (kind !== "paused") return;
    await new Promise<void>((resolve) => clockwork.at(clockwork.now() + seconds, () => resolve()));
  }

  function faultFor(process: Process, kind: "read" | "write" | "change"): Errno | undefined {
    const mine = troubles.get(process);
    if (mine !== undefined && mine.left === -1) {
      const { kind: trouble } = mine.trouble;
      if (trouble === "EIO" || (trouble === "ENOSPC" && kind === "write") || (trouble === "EMFILE" && kind === "read")) {
        return trouble;
      }
    }
    if (state.broken === undefined || clockwork.now() >= state.broken.until) return undefined;
    if (state.broken.how === "EROFS") return kind === "read" ? undefined : "EROFS";
    if (state.broken.how === "ENOSPC") return kind === "write" ? "ENOSPC" : undefined;
    return state.broken.how;
  }

  function destroyed(place: Place, path: string): void {
    look(place);
    const id = /keys\/([^/.]+)\.key$/.exec(path)?.[1];
    if (id !== undefined && disk.find(path) !== undefined) place.oracle.destroyed(kids.get(id));
  }

  function cutPower(isLost = coin): undefined {
    machine.reboot();
    disk.cutPower(isLost);
  }

  function isRefusal(error: unknown): error is Refusal {
    return (error as Partial<Refusal> | undefined)?.name === "SignetError";
  }

  function partsFor(process: Process, { path, ownPassphrase }: Place) {
    const { createFileCustodian, createFileStores } = process.product;
    const { word } = ownPassphrase ?? { word: state.passphrase };
    const custodian = createFileCustodian({ directory: `${path}/keys`, passphrase: async () => word });
    return { stores: createFileStores(path), custodians: { file: custodian } };
  }

  function born(place: Place, index: number): Place["managers"][number] {
    const process = machine.start(
      CONTAINERS[index] as Container,
      story.managers[index] ?? 0,
      gateOf(() => place),
    );
    const manager = process.product.createManager({
      ...partsFor(process, place),
      settings: WORLD_SETTINGS,
      clock: process.clock,
      randomId: () => `key-${++ids}`,
      sleep: (seconds) => new Promise((resolve) => clockwork.at(clockwork.now() + seconds, () => process.isDead || resolve())),
    });
    const worker = { process, manager, isBusy: false };
    place.managers[index] = worker;
    return worker;
  }

  function start(place: Place, index: number, work: (manager: Manager) => Promise<unknown>, trouble?: Trouble): undefined {
    const known = place.managers[index];
    // The last one is a command: each run is a process of its own.
    const isCommand = index === CONTAINERS.length - 1;
    if (known?.isBusy === true && !known.process.isDead) return;
    if (isCommand && known !== undefined) known.process.isDead = true;
    const worker = known === undefined || known.process.isDead ? born(place, index) : known;
    worker.isBusy = true;
    if (trouble !== undefined) troubles.set(worker.process, { left: trouble.call, trouble });
    work(worker.manager)
      .then((report) => {
        place.lastReport = report as Report;
        place.lastWords = JSON.stringify(report);
      })
      .catch((error: unknown) => {
        if (!isRefusal(error)) state.unexpected ??= error;
        place.lastReport = undefined;
        place.lastWords = String((error as Error).message);
      })
      .finally(() => {
        worker.isBusy = false;
        troubles.delete(worker.process);
      });
  }

  // Looks at what stands after each slice of time in which something happened.
  function look(place: Place, byHand = false): void {
    const text = textAt(`${place.path}/keyring.json`);
    if (text !== undefined && text !== place.lastText) {
      place.lastText = text;
      const keyring = standing(place);
      if (keyring !== undefined) {
        for (const { id, publicJwk } of keyring.keys) if (publicJwk !== undefined) kids.set(id, publicJwk.kid);
        if (keyring.keys.filter((key) => key.publicJwk && !["revoked", "creating"].includes(key.state)).length > 10) {
          violate("more than ten keys are published");
        }
        if (!byHand) place.texts.push(text);
        place.oracle.keyringStands(keyring, byHand);
      }
    }
    const jwks = textAt(`${place.path}/public/jwks.json`);
    if (jwks === place.lastJwks) return;
    place.lastJwks = jwks;
    place.isJwksByHand = byHand;
    if (jwks !== undefined && !byHand) place.oracle.published(keysIn(jwks).map(({ kid }) => kid));
  }

  function hand(act: () => void): undefined {
    for (const place of places) look(place);
    act();
    for (const place of places) look(place, true);
  }

  function startIssuer(place: Place): NonNullable<Place["issuer"]> {
    const process = machine.start(CONTAINERS[0] as Container, story.issuerSkewSeconds, (self) => async (kind, what, effect) => {
      await null;
      if (self.isDead) return never();
      const isBroken =
        state.broken !== undefined && clockwork.now() < state.broken.until && (state.broken.how === "EIO" || kind !== "read");
      if (isBroken) throw failure(state.broken?.how ?? "EIO", "read", what);
      return effect();
    });
    const { createActiveKey, createIssuer } = process.product;
    const { stores, custodians } = partsFor(process, place);
    const activeKey = createActiveKey({
      read: () => stores.active.read(),
      open: (key) => custodians.file.open(key),
      maxAgeSeconds: WORLD_SETTINGS.policy.activeKeyMaxAgeSeconds,
      clock: process.clock,
    });
    const limits = { maxTtlSeconds: DAY };
    const issuer = createIssuer({ signer: activeKey, issuer: SETTINGS.issuer as string, limits, clock: process.clock });
    const self = {
      process,
      lastRefusal: undefined as string | undefined,
      async issue(): Promise<void> {
        try {
          const { token } = await issuer.issue({ claims: {}, ttl: DAY });
          if (process.isDead) return;
          self.lastRefusal = undefined;
          check(place, token);
        } catch (error) {
          if (!isRefusal(error)) throw error;
          self.lastRefusal = `${error.code}: ${error.message}`;
          if (error.code === "no_active_key" && topName(disk, place.path) !== undefined)
            violate("no_active_key beside a document");
        }
      },
    };
    return self;
  }

  function check(place: Place, token: string): void {
    look(place);
    const [header = "", payload = "", signature = ""] = token.split(".");
    const { kid } = JSON.parse(Buffer.from(header, "base64url").toString()) as { kid: string };
    const { exp } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { exp: number };
    place.oracle.signed(kid, exp);
    const jwk = keysIn(place.lastJwks).find((key) => key.kid === kid);
    if (jwk === undefined) {
      if (!place.isJwksByHand) place.oracle.published(keysIn(place.lastJwks).map((key) => key.kid));
    } else {
      // One process signs with one key object as long as it has the same kid.
      const signer = `${place.issuer?.process.name} ${JSON.stringify(jwk)}`;
      if (verified.has(signer)) return;
      verified.add(signer);
      const key = createPublicKey({ key: jwk, format: "jwk" });
      const isGood = verifyBytes(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url"));
      if (!isGood) violate(`a token of ${kid} does not verify`);
    }
  }

  async function issueAt(place: Place): Promise<void> {
    if (!place.hasFounded) return;
    if (place.issuer === undefined || place.issuer.process.isDead) place.issuer = startIssuer(place);
    await place.issuer.issue().catch((error: unknown) => {
      state.unexpected ??= error;
    });
  }
  const wake = (): void => {
    for (const place of places) void issueAt(place);
    clockwork.at(clockwork.now() + 3_000, wake);
  };
  clockwork.at(clockwork.now() + 3_000, wake);

  function newPlace(path: string, oracle: CloudOracle, texts: readonly string[]): Place {
    const place: Place = {
      ...{ path, oracle, texts: [...texts], managers: [], issuer: undefined, lastText: undefined, lastJwks: undefined },
      ...{ isJwksByHand: false, lastWords: "", lastReport: undefined, hasFounded: false, ownPassphrase: undefined },
    };
    places.push(place);
    return place;
  }

  async function pass(seconds: number): Promise<void> {
    for (const end = state.time + seconds; state.time < end; ) {
      state.time = Math.min(end, state.time + 1_500);
      await clockwork.advanceTo(state.time);
      for (const place of places) {
        look(place);
        const words = place.oracle.violation();
        if (words !== undefined) throw words;
      }
      if (state.unexpected !== undefined) throw state.unexpected;
    }
  }

  return {
    ...{ clockwork, machine, disk, places, state, kids, gateOf },
    ...{ textAt, standing, topKid, cutPower, start, look, hand, issueAt, newPlace, pass },
  };
}

/** The keys of a JWKS; none where it is damaged. */
export function keysIn(text: string | undefined): (JsonWebKey & { kid: string })[] {
  try {
    return text === undefined ? [] : JSON.parse(text).keys;
  } catch {
    return [];
  }
}
