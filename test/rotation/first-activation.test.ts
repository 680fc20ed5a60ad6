import { describe, expect, it } from "vitest";
import { isSignetError } from "../../src/errors.js";
import { createManager } from "../../src/rotation/executor.js";
import { SETTINGS } from "./settings-fixture.js";
import { chance } from "./world/chance.js";
import { createClockwork } from "./world/clockwork.js";
import { createServices } from "./world/services.js";
import { type Actor, createWire, type Fate } from "./world/wire.js";

const INSTALLS = process.env.SIGNET_PROOF === "full" ? 4_000 : 100;
const START = 1_800_000_000;
const STALE: Fate = { kind: "stale", delaySeconds: 0 };
const unwatched = { keyringWritten: () => {}, published: () => {}, documentsChanged: () => {}, destroyed: () => {} };

/** An installation in services whose reads are half a minute late, some of them or all. */
function installation(fates: (call: number) => Fate | undefined) {
  const clockwork = createClockwork(START);
  const wire = createWire(clockwork, { get: fates });
  const services = createServices("services", clockwork, wire, unwatched);
  let managers = 0;
  let ids = 0;
  return {
    services,
    /** One run of a process of its own, which a crash may end. Answers whether it ended well. */
    async run(): Promise<boolean> {
      const actor: Actor = { name: `manager-${++managers}`, isDead: false };
      const manager = createManager({
        stores: services.storesFor(actor, () => false),
        custodians: { file: services.custodianFor(actor) },
        settings: { ...SETTINGS, algorithm: "EdDSA" },
        clock: () => Math.floor(clockwork.now()),
        randomId: () => `key-${++ids}`,
        sleep: (seconds) => new Promise((resolve) => clockwork.at(clockwork.now() + seconds, () => actor.isDead || resolve())),
      });
      let outcome: boolean | undefined;
      manager.tick({ createKeyring: true }).then(
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
    pass: (seconds: number) => clockwork.advanceTo(clockwork.now() + seconds),
  };
}

function assertReady({ services }: ReturnType<typeof installation>): void {
  const keyring = services.keyring();
  const active = keyring?.keys.find(({ state }) => state === "active");
  const [top] = services.documents();
  expect(top?.kid).toBe(active?.publicJwk?.kid);
  expect(top !== undefined && services.canOpen(top)).toBe(true);
  expect(keyring?.activation).toBeNull();
  expect(services.jwks()).toContain(top?.kid);
}

describe("the first activation", () => {
  it(`always ends, in ${INSTALLS} installs whose reads are now and then half a minute late`, { timeout: 120_000 }, async () => {
    for (let seed = 1; seed <= INSTALLS; seed++) {
      const random = chance(seed);
      const share = random();
      const place = installation(() => (random() < share ? STALE : undefined));
      // A run that fails says so, and another one goes on.
      for (let run = 0; run < 6 && !(await place.run()); run++) await place.pass(1_000);
      expect(
        place.services.keyring()?.keys.some(({ state }) => state === "active"),
        `install ${seed}`,
      ).toBe(true);
      assertReady(place);
    }
  });

  it("ends in one run where every read is half a minute late", async () => {
    const place = installation(() => STALE);
    expect(await place.run()).toBe(true);
    assertReady(place);
  });

  it("is resumed from a crash at any of its calls", { timeout: 120_000 }, async () => {
    for (const kind of ["crash-before", "crash-after"] as const) {
      let crashed = true;
      for (let at = 0; crashed; at++) {
        crashed = false;
        const place = installation((call) => {
          if (call !== at) return undefined;
          crashed = true;
          return { kind, delaySeconds: 0 };
        });
        await place.run();
        // The lease of a dead process in another place runs out.
        await place.pass(1_000);
        if (crashed) expect(await place.run(), `${kind} ${at}`).toBe(true);
        assertReady(place);
      }
    }
  });
});
