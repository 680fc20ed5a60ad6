import { parseKeyring } from "../../../src/keyring/parse.js";
import type { Manager } from "../../../src/rotation/manager.js";
import { createCloudOracle } from "../cloud/oracle.js";
import { pooledKey } from "../world/key-pool.js";
import { Violation } from "../world/oracle.js";
import { CONTAINERS, createGround, keysIn, PASSPHRASE, type Place } from "./ground.js";
import { type Hand, layHand, topName } from "./hands.js";
import type { Container } from "./machine.js";

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

const HOUR = 3_600;
const DAY = 24 * HOUR;
const TICK_EVERY_SECONDS = 3 * HOUR;

/** Plays a story, then somebody who reads what the last tick says and does it, then a quiet time; throws a `Violation`. */
export async function playDisk(story: DiskStory): Promise<{ tokens: number; calls: number }> {
  const ground = await createGround(story);
  const { clockwork, machine, disk, places, state, kids, gateOf } = ground;
  const { textAt, standing, topKid, cutPower, start, look, hand, issueAt, newPlace, pass } = ground;
  let imports = 0;
  let sinceTick = 0;
  let mountedAgain: (() => void) | undefined;
  let backup: { text: string | undefined } | undefined;

  function take(step: DiskStep): undefined {
    const place = places[("manager" in step ? step.manager : 0) % places.length] as Place;
    switch (step.do) {
      case "tick":
        return start(place, step.manager, (manager) => manager.tick(), step.trouble);
      case "rotate":
        return start(place, step.manager, (manager) => manager.rotate(), step.trouble);
      case "encrypt":
        state.isEncrypted = true;
        state.passphrase = PASSPHRASE;
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
        state.broken = { how: step.how, until: clockwork.now() + step.seconds };
        return;
      case "reboot":
        machine.reboot();
        return;
      case "power-cut":
        return hand(() => cutPower());
      case "passphrase":
        if (!state.isEncrypted) return;
        state.passphrase = step.which === "right" ? PASSPHRASE : step.which === "other" ? "other" : undefined;
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
    // A file that is absent for longer than the store settles is a dead key's, whoever has hidden it.
    const hidden = what === "" || what === "/keys" ? (standing(places[0] as Place)?.keys ?? []) : [];
    for (const { publicJwk } of hidden) if (publicJwk !== undefined) places[0]?.oracle.harmed(publicJwk.kid);
    hand(() => disk.put(path + what, disk.folder(0o700), "mount"));
    mountedAgain = () => {
      mountedAgain = undefined;
      // What was made in the place of the folder that was not there is hidden from now on.
      if (what === "" || what === "/keys") {
        const made = [...(disk.find(`${path}/keys`)?.entries.keys() ?? [])].map((name) => kids.get(name.replace(/\.key$/, "")));
        for (const kid of made) if (kid !== undefined) places[0]?.oracle.harmed(kid);
      }
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
    if (tries === story.founding.length) state.broken = undefined;
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
  return { tokens: places.reduce((sum, { oracle }) => sum + oracle.tokens(), 0), calls: state.calls };

  // Nothing fails any more. Somebody reads what the last tick said, and does what it asks for.
  async function comeToRest(): Promise<void> {
    state.broken = undefined;
    mountedAgain?.();
    state.passphrase = state.isEncrypted ? PASSPHRASE : undefined;
    await pass(DAY);
    for (const place of places) for (const worker of place.managers) if (worker !== undefined) worker.process.isDead = true;
    if (state.isEncrypted) for (const place of places) if (place.issuer) place.issuer.process.isDead = true;
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
      state.time += 20;
      await clockwork.advanceTo(state.time);
    }
  }

  async function inTime<T>(promise: Promise<T>): Promise<T> {
    state.time += 60;
    const [value] = await Promise.all([promise, clockwork.advanceTo(state.time)]);
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
    const damaged = /(\/srv\/\S+\/(?:active\/\d+|keyring|public\/\S+?)\.json)/.exec(words)?.[1];
    const holder = /signet keys unlock ([^\s`]+)/.exec(words)?.[1];
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
    const word = passphraseBy(place, words);
    if (word !== undefined) {
      place.ownPassphrase = word;
      for (const worker of place.managers) if (worker !== undefined) worker.process.isDead = true;
      if (place.issuer !== undefined) place.issuer.process.isDead = true;
      return;
    }
    // A key that nobody can judge is never given up by itself.
    const doubted = /(?:standby|the key that signs,) (\S+?),? could not be proven/.exec(words)?.[1];
    if (doubted !== undefined) {
      for (const each of places) each.oracle.revoked(doubted);
      return run(place, (manager) => manager.revoke({ kid: doubted, reason: "damaged" }));
    }
    if (/signet audit begin/.test(words)) return run(place, (manager) => manager.beginAudit());
    if (/signet keys repair/.test(words) || place.lastReport !== undefined) {
      return run(place, (manager) => manager.repair({ apply: true }));
    }
  }

  function passphraseBy({ ownPassphrase }: Place, words: string): Place["ownPassphrase"] {
    if (/not encrypted, but a passphrase is set/.test(words)) return { word: undefined };
    if (/key files are encrypted: set SIGNET_PASSPHRASE/.test(words)) return { word: PASSPHRASE };
    // Of a keyring that did not know yet how keys are kept the next key has decided.
    if (!/passphrase does not open this issuer's key files/.test(words)) return undefined;
    return { word: (ownPassphrase?.word ?? state.passphrase) === PASSPHRASE ? "other" : PASSPHRASE };
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

function jwkOf(key: ReturnType<typeof pooledKey>, kid: string) {
  const { x } = key.export({ format: "jwk" }) as { x: string };
  return { kty: "OKP", crv: "Ed25519", x, kid, alg: "EdDSA", use: "sig" } as const;
}
