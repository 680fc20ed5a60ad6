import { isSignetError } from "../../../src/errors.js";
import { createManager, type Manager } from "../../../src/rotation/manager.js";
import { SETTINGS } from "../settings-fixture.js";
import { createClockwork } from "./clockwork.js";
import { createServices } from "./services.js";
import { type Actor, createWire, type Fate } from "./wire.js";

const START = 1_800_000_000;
const unwatched = { keyringWritten: () => {}, published: () => {}, documentsChanged: () => {}, destroyed: () => {} };

/** What a run is asked to do, and how its process is. */
export interface RunOptions {
  readonly skewSeconds?: number;
  readonly work?: (manager: Manager) => Promise<unknown>;
}

/**
 * An installation in services, in virtual time.
 *
 * @param fates what becomes of a call, by its number
 */
export function createInstallation(fates: (call: number) => Fate | undefined) {
  const clockwork = createClockwork(START);
  const wire = createWire(clockwork, { get: fates });
  const services = createServices("services", clockwork, wire, unwatched);
  let managers = 0;
  let ids = 0;
  return {
    services,
    now: () => clockwork.now(),
    /** One run of a process of its own, which a crash may end. Answers whether it ended well. */
    async run({ skewSeconds = 0, work = (manager) => manager.tick({ createKeyring: true }) }: RunOptions = {}): Promise<boolean> {
      const actor: Actor = { name: `manager-${++managers}`, isDead: false };
      const manager = createManager({
        stores: services.storesFor(actor, () => false),
        custodians: { file: services.custodianFor(actor) },
        settings: { ...SETTINGS, algorithm: "EdDSA" },
        clock: () => Math.floor(clockwork.now()) + skewSeconds,
        randomId: () => `key-${++ids}`,
        sleep: (seconds) => new Promise((resolve) => clockwork.at(clockwork.now() + seconds, () => actor.isDead || resolve())),
      });
      let outcome: boolean | undefined;
      work(manager).then(
        () => {
          outcome = true;
        },
        (error: unknown) => {
          if (!isSignetError(error)) throw error;
          outcome = false;
        },
      );
      for (let passed = 0; outcome === undefined && !actor.isDead && passed < 1_200; passed += 20) {
        await clockwork.advanceTo(clockwork.now() + 20);
      }
      return outcome === true;
    },
    /** As by a hand. */
    async deleteDocument(sequence: number): Promise<void> {
      const deleted = services.storesFor({ name: "hand", isDead: false }, () => false).active.delete(sequence);
      await clockwork.advanceTo(clockwork.now() + 1);
      await deleted;
    },
    pass: (seconds: number) => clockwork.advanceTo(clockwork.now() + seconds),
  };
}
