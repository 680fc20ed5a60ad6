import { createPublicKey, type JsonWebKey, verify as verifyBytes } from "node:crypto";
import type { Keyring } from "../../../src/keyring/keyring.js";
import { parseKeyring } from "../../../src/keyring/parse.js";
import type { Manager } from "../../../src/rotation/executor.js";
import type { Report } from "../../../src/rotation/manager-report.js";
import type { RotationSettings } from "../../../src/rotation/policy.js";
import { type CloudOracle, createCloudOracle } from "../cloud/oracle.js";
import { SETTINGS } from "../settings-fixture.js";
import { createClockwork } from "../world/clockwork.js";
import { pooledKey } from "../world/key-pool.js";
import { Violation } from "../world/oracle.js";
import { type Errno, failure } from "./disk.js";
import { type Hand, layHand, topName } from "./hands.js";
import { type Container, createMachine, type Process, settled } from "./machine.js";
import type { Gate } from "./system-calls.js";

/** What becomes of one call of a run, counted from its beginning. */
export interface Trouble {
  readonly call: number;
  readonly kind:
    | "crash-before"
    | "crash-after"
    | "paused" // the process is stopped for a while, then goes on
    | "power-cut"
    | "fills" // from this call on there is no room
    | "ENOSPC"
    | "EIO"
    | "EMFILE";
  readonly seconds: number;
}

/** One thing that people, time or bad luck do. */
export type DiskStep =
  | { readonly do: "wait"; readonly seconds: number }
  | {
      readonly do: "tick" | "rotate" | "revoke" | "import" | "foreign" | "encrypt";
      readonly manager: number;
      readonly which: number;
      readonly trouble?: Trouble;
    }
  | { readonly do: "crash"; readonly manager: number }
  | { readonly do: "hand"; readonly hand: Hand; readonly pick: number }
  | { readonly do: "disk"; readonly how: "ENOSPC" | "EIO" | "EROFS"; readonly seconds: number }
  | { readonly do: "power-cut" | "reboot" }
  /** What the environment of managers and issuers has for a passphrase, until the next such step. */
  | { readonly do: "passphrase"; readonly which: "right" | "none" | "other" }
  /** A folder is not mounted for a while: an empty one is in its place. */
  | { readonly do: "unmount"; readonly what: "" | "/keys" | "/active" | "/public"; readonly seconds: number }
  /** The folder is copied, and from now on the copy is used as well, or alone. */
  | { readonly do: "copy"; readonly isMoved: boolean }
  | { readonly do: "backup" | "restore" };

/** A whole story. */
export interface DiskStory {
  readonly isEncrypted: boolean;
  readonly managers: readonly number[];
  readonly issuerSkewSeconds: number;
  readonly founding: readonly Trouble[];
  readonly steps: readonly DiskStep[];
  /** Seed of what a power cut takes. */
  readonly luck: number;
}

const START = 1_800_000_000;
const HOUR = 3_600;
const DAY = 24 * HOUR;
const TICK_EVERY_SECONDS = 3 * HOUR;
const PASSPHRASE = "right";
const CONTAINERS: readonly Container[] = [
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
interface Place {
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
}

interface Refusal {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** Plays a story, then somebody who reads what the last tick says and does it, then a quiet time; throws a `Violation`. */
export async function playDisk(story: DiskStory): Promise<{ tokens: number; calls: number }> {
  const clockwork = createClockwork(START, settled);
  let [keysMade, ids, calls, imports] = [0, 0, 0, 0];
  let broken: { how: Errno; until: number } | undefined;
  const isDiskWell = (): boolean => broken === undefined || clockwork.now() >= broken.until;
  const machine = await createMachine(clockwork, () => keysMade++ % 300, isDiskWell);
  const { disk } = machine;
  const places: Place[] = [];
  const kids = new Map<string, string>();
  const verified = new Set<string>();
  const troubles = new Map<Process, { left: number; trouble: Trouble }>();
  let luck = story.luck;
  let passphrase: string | undefined = story.isEncrypted ? PASSPHRASE : undefined;
  let isEncrypted = story.isEncrypted;
  let mountedAgain: (() => void) | undefined;
  let unexpected: unknown;
  let backup: { text: string | undefined } | undefined;
  const violate = (words: string): void => {
    unexpected ??= new Violation(`${words} at ${Math.round(clockwork.now())}`);
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
      calls++;
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
    if (kind === "fills") broken = { how: "ENOSPC", until: clockwork.now() + seconds };
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
    if (broken === undefined || clockwork.now() >= broken.until) return undefined;
    if (broken.how === "EROFS") return kind === "read" ? undefined : "EROFS";
    if (broken.how === "ENOSPC") return kind === "write" ? "ENOSPC" : undefined;
    return broken.how;
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

  function partsFor(process: Process, path: string) {
    const { createFileCustodian, createFileStores } = process.product;
    const word = passphrase;
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
      ...partsFor(process, place.path),
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
        if (!isRefusal(error)) unexpected ??= error;
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
      const isBroken = broken !== undefined && clockwork.now() < broken.until && (broken.how === "EIO" || kind !== "read");
      if (isBroken) throw failure(broken?.how ?? "EIO", "read", what);
      return effect();
    });
    const { createActiveKey, createIssuer } = process.product;
    const { stores, custodians } = partsFor(process, place.path);
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
      unexpected ??= error;
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
      ...{ isJwksByHand: false, lastWords: "", lastReport: undefined, hasFounded: false },
    };
    places.push(place);
    return place;
  }

  let time = START;
  let sinceTick = 0;
  async function pass(seconds: number): Promise<void> {
    for (const end = time + seconds; time < end; ) {
      time = Math.min(end, time + 1_500);
      await clockwork.advanceTo(time);
      for (const place of places) {
        look(place);
        const words = place.oracle.violation();
        if (words !== undefined) throw words;
      }
      if (unexpected !== undefined) throw unexpected;
    }
  }

  function take(step: DiskStep): undefined {
    const place = places[("manager" in step ? step.manager : 0) % places.length] as Place;
    switch (step.do) {
      case "tick":
        return start(place, step.manager, (manager) => manager.tick(), step.trouble);
      case "rotate":
        return start(place, step.manager, (manager) => manager.rotate(), step.trouble);
      case "encrypt":
        isEncrypted = true;
        passphrase = PASSPHRASE;
        for (const each of places) for (const worker of each.managers) if (worker) worker.process.isDead = true;
        for (const each of places) if (each.issuer) each.issuer.process.isDead = true;
        for (const each of places)
          start(each, step.manager, (manager) => manager.applySettings({ keyFiles: true }), step.trouble);
        return;
      case "revoke": {
        const keys = standing(place)?.keys.filter(({ publicJwk }) => publicJwk !== undefined) ?? [];
        const kid = keys[step.which % Math.max(1, keys.length)]?.publicJwk?.kid;
        if (kid === undefined) return;
        for (const each of places) each.oracle.revoked(kid);
        return start(place, step.manager, (manager) => manager.revoke({ kid, reason: "a story" }), step.trouble);
      }
      case "import": {
        const tokensExpireBy = Math.floor(clockwork.now()) + 10 * DAY;
        const privateKey = pooledKey(300 + imports++);
        const request = { privateKey, algorithm: "EdDSA", custody: "file", as: "standby" } as const;
        const told = step.which % 3 === 0 ? {} : { tokensExpireBy };
        return start(place, step.manager, (manager) => manager.importKey({ ...request, ...told }), step.trouble);
      }
      case "foreign": {
        const keys = Array.from({ length: 1 + (step.which % 4) }, () => jwkOf(pooledKey(300 + imports++), `foreign-${imports}`));
        const told = step.which % 3 === 0 ? {} : { tokensExpireBy: Math.floor(clockwork.now()) + 10 * DAY };
        return start(place, step.manager, (manager) => manager.importForeignKeys({ keys, ...told }), step.trouble);
      }
      case "crash": {
        const worker = place.managers[step.manager];
        if (worker !== undefined) worker.process.isDead = true;
        return;
      }
      case "hand":
        return hand(() => {
          const where = places[step.pick % places.length] as Place;
          const { path, oracle, texts } = where;
          layHand(step.hand, { disk, path, oracle, keyring: standing(where), texts, pick: step.pick });
        });
      case "disk":
        broken = { how: step.how, until: clockwork.now() + step.seconds };
        return;
      case "reboot":
        machine.reboot();
        return;
      case "power-cut":
        return hand(() => cutPower());
      case "passphrase":
        if (!isEncrypted) return;
        passphrase = step.which === "right" ? PASSPHRASE : step.which === "other" ? "other" : undefined;
        // Whoever begins from now on has it; who is there goes on.
        for (const each of places) for (const worker of each.managers) if (worker) worker.process.isDead = true;
        return;
      case "unmount":
        return unmount(step.what, step.seconds);
      case "copy":
        return copy(step.isMoved);
      case "backup":
        backup = saved();
        return;
      case "restore":
        return restore();
      case "wait":
    }
  }

  function unmount(what: string, seconds: number): undefined {
    if (mountedAgain !== undefined) return;
    const [{ path }] = places as [Place];
    const present = disk.find(path + what);
    if (present === undefined) return;
    hand(() => disk.put(path + what, disk.folder(0o700), "mount"));
    mountedAgain = () => {
      mountedAgain = undefined;
      hand(() => disk.put(path + what, present, "mount"));
    };
    clockwork.at(clockwork.now() + seconds, () => mountedAgain?.());
  }

  function copy(isMoved: boolean): undefined {
    const [place] = places as [Place];
    if (places.length > 1 || mountedAgain !== undefined || !place.hasFounded) return;
    const path = `${place.path}-copy`;
    look(place);
    disk.copy(place.path, path);
    const made = newPlace(
      path,
      place.oracle.forCopy(() => topKid(path)),
      place.texts,
    );
    made.hasFounded = true;
    look(made, true);
    made.isJwksByHand = true;
    if (!isMoved) return;
    places.shift();
    for (const worker of place.managers) if (worker !== undefined) worker.process.isDead = true;
    if (place.issuer !== undefined) place.issuer.process.isDead = true;
  }

  function saved(): typeof backup {
    const [place] = places as [Place];
    if (!place.hasFounded || mountedAgain !== undefined || disk.find(place.path) === undefined) return backup;
    disk.copy(place.path, "/backup");
    return { text: textAt(`${place.path}/keyring.json`) };
  }

  // The whole folder as it was, with everything stopped meanwhile: keys that were made since are gone, and their tokens with them.
  function restore(): undefined {
    const [place] = places as [Place];
    if (backup?.text === undefined || mountedAgain !== undefined) return;
    const before = new Set(parseKeyring(backup.text, "backup").keys.map(({ publicJwk }) => publicJwk?.kid));
    for (const worker of place.managers) if (worker !== undefined) worker.process.isDead = true;
    if (place.issuer !== undefined) place.issuer.process.isDead = true;
    for (const kid of kids.values()) {
      if (!before.has(kid)) place.oracle.revoked(kid);
    }
    hand(() => disk.copy("/backup", place.path));
  }

  disk.put("/srv", disk.folder(0o755), "mkdir");
  disk.get("/", "sync").syncedEntries = new Map(disk.get("/", "sync").entries);
  const first = newPlace(
    "/srv/shop",
    createCloudOracle(clockwork, () => topKid("/srv/shop")),
    [],
  );

  // Whoever founds it tries again until there is a key.
  for (let tries = 0; tries < 60 && topName(disk, first.path) === undefined; tries++) {
    start(first, 2, (manager) => manager.tick({ createKeyring: true }), story.founding[tries]);
    await pass(HOUR);
    if (tries === story.founding.length) broken = undefined;
  }
  first.hasFounded = true;
  for (const step of story.steps) {
    take(step);
    let left = step.do === "wait" ? step.seconds : 30;
    while (left > 0) {
      const part = Math.min(left, TICK_EVERY_SECONDS - sinceTick);
      await pass(part);
      left -= part;
      sinceTick += part;
      if (sinceTick >= TICK_EVERY_SECONDS) {
        sinceTick = 0;
        for (const place of places) start(place, 0, (manager) => manager.tick());
      }
    }
  }
  await comeToRest();
  return { tokens: places.reduce((sum, { oracle }) => sum + oracle.tokens(), 0), calls };

  // Nothing fails any more. Somebody reads what the last tick said, and does what it asks for.
  async function comeToRest(): Promise<void> {
    broken = undefined;
    mountedAgain?.();
    passphrase = isEncrypted ? PASSPHRASE : undefined;
    await pass(DAY);
    for (const place of places) for (const worker of place.managers) if (worker !== undefined) worker.process.isDead = true;
    if (isEncrypted) for (const place of places) if (place.issuer) place.issuer.process.isDead = true;
    for (const place of places) {
      await run(place, (manager) => manager.tick());
      await helpBy(place);
    }
    for (let quiet = 0; quiet < 6 * DAY; quiet += 6 * HOUR) {
      for (const place of places) await run(place, (manager) => manager.tick());
      await pass(6 * HOUR);
    }
    for (const place of places) {
      await assertSound(place).catch((error: unknown) => {
        throw new Violation(`${(error as Error).message}; the last tick said: ${place.lastWords}`);
      });
    }
  }

  async function run(place: Place, work: (manager: Manager) => Promise<unknown>): Promise<void> {
    start(place, 2, work);
    for (let passed = 0; place.managers[2]?.isBusy === true && passed < 1_200; passed += 20) {
      time += 20;
      await clockwork.advanceTo(time);
    }
  }

  async function inTime<T>(promise: Promise<T>): Promise<T> {
    time += 60;
    const [value] = await Promise.all([promise, clockwork.advanceTo(time)]);
    return value;
  }

  // What a person does, by the words of the tick alone.
  async function helpBy(place: Place): Promise<void> {
    for (let tries = 0; tries < 8; tries++) {
      const { lastWords, lastReport } = place;
      const isWell = lastReport !== undefined && lastReport.alerts.length === 0 && lastReport.blockedBy === null;
      await issueAt(place);
      const canSign = place.issuer?.lastRefusal === undefined;
      if (isWell && canSign) return;
      if (isWell) throw new Violation(`nobody can sign (${place.issuer?.lastRefusal}), and the tick says that all is well`);
      await remedy(place, lastWords);
      await run(place, (manager) => manager.tick());
    }
    throw new Violation(`somebody who does what it says gets nowhere: ${place.lastWords}`);
  }

  async function remedy(place: Place, words: string): Promise<void> {
    const { path } = place;
    if (process.env.SIGNET_STORY_TOLD !== undefined)
      console.log(words, textAt(`${path}/active/${topName(disk, path)}`), textAt(`${path}/keyring.json`));
    const damaged = /(\/srv\/\S+\/(?:active\/\d+|keyring|public\/\S+?)\.json)/.exec(words)?.[1];
    const holder = /signet keys unlock (\S+)/.exec(words)?.[1];
    if (holder !== undefined) {
      const process = machine.start(
        CONTAINERS[2] as Container,
        0,
        gateOf(() => place),
      );
      const { locksIn, breakLock } = process.product;
      const all = await inTime(Promise.all([path, `${path}/active`, `${path}/public`].map((folder) => locksIn(folder))));
      const theirs = all.flat().filter((lock) => lock.holder.process.split("/").at(-2) === holder.split(":")[1]);
      for (const lock of theirs) if (lock.state !== "alive") await inTime(breakLock(lock));
      return run(place, (manager) => manager.unlock(holder));
    }
    if (/no keyring|keyring\.json/.test(words)) {
      // Restored from a backup: the newest text that there was.
      const text = place.texts.at(-1);
      return hand(() => {
        const node = disk.file(Buffer.from(text ?? ""), 0o600);
        node.synced = node.content;
        disk.put(`${path}/keyring.json`, node, "hand");
      });
    }
    if (damaged !== undefined) return hand(() => disk.remove(damaged, "hand"));
    // Of a keyring that did not know yet how keys are kept, put back where no key file was left, the next key decides.
    if (/passphrase does not open this issuer's key files/.test(words)) {
      passphrase = passphrase === PASSPHRASE ? "other" : PASSPHRASE;
      for (const worker of place.managers) if (worker !== undefined) worker.process.isDead = true;
      if (place.issuer !== undefined) place.issuer.process.isDead = true;
      return;
    }
    if (/not encrypted, but a passphrase is set/.test(words)) {
      [isEncrypted, passphrase] = [false, undefined];
      for (const worker of place.managers) if (worker !== undefined) worker.process.isDead = true;
      return;
    }
    // A standby that nobody can judge is never given up by itself.
    const doubted = /standby (\S+) could not be proven/.exec(words)?.[1];
    if (doubted !== undefined) {
      for (const each of places) each.oracle.revoked(doubted);
      return run(place, (manager) => manager.revoke({ kid: doubted, reason: "damaged" }));
    }
    if (/signet audit begin/.test(words)) return run(place, (manager) => manager.beginAudit());
    if (/signet keys repair/.test(words) || place.lastReport !== undefined) {
      return run(place, (manager) => manager.repair({ mend: true }));
    }
  }

  async function assertSound(place: Place): Promise<void> {
    const keyring = standing(place);
    if (keyring === undefined) throw new Violation("there is no keyring");
    const active = keyring.keys.filter(({ state }) => state === "active");
    if (active.length !== 1) throw new Violation(`${active.length} keys are active at the end`);
    const top = topKid(place.path);
    if (top !== active[0]?.publicJwk?.kid) throw new Violation("the active document is not the active key's at the end");
    const jwks = keysIn(textAt(`${place.path}/public/jwks.json`)).map(({ kid }) => kid);
    if (!jwks.includes(top ?? "")) throw new Violation("the key that signs is not published at the end");
    if (jwks.includes("planted")) throw new Violation("a planted key is still published at the end");
    const isFull = jwks.length === 10 && place.lastReport?.waits.some(({ rule }) => rule === "jwks_full") === true;
    if (keyring.keys.every(({ state }) => state !== "pending") && !isFull) throw new Violation("there is no standby at the end");
    if (keyring.activation !== null) throw new Violation("an activation is left unconfirmed at the end");
    const names = [...(disk.find(`${place.path}/keys`)?.entries.keys() ?? [])].map((name) => name.replace(/\.key$/, ""));
    const told = new Set([
      ...keyring.keys.map(({ id }) => id),
      ...(keyring.strays ?? []).map(({ name }) => name),
      ...(keyring.ended ?? []).map(({ id }) => id),
    ]);
    const untold = names.filter((name) => !told.has(name));
    if (untold.length > 0) throw new Violation(`private keys that no report names: ${untold.join()}`);
    await issueAt(place);
    if (place.issuer?.lastRefusal !== undefined) throw new Violation(`nobody can sign at the end: ${place.issuer.lastRefusal}`);
  }
}

function keysIn(text: string | undefined): (JsonWebKey & { kid: string })[] {
  try {
    return text === undefined ? [] : JSON.parse(text).keys;
  } catch {
    return [];
  }
}

function jwkOf(key: ReturnType<typeof pooledKey>, kid: string) {
  const { x } = key.export({ format: "jwk" }) as { x: string };
  return { kty: "OKP", crv: "Ed25519", x, kid, alg: "EdDSA", use: "sig" } as const;
}
