import { describe, expect, it } from "vitest";
import { amount } from "../contracts/matrix.js";
import { chance } from "./world/chance.js";
import { createInstallation } from "./world/installation.js";
import type { Fate } from "./world/wire.js";

const INSTALLS = amount(15, 100, 4_000);
/** Every call where every cell is played; of every day some, the same for both kinds of a crash. */
const STRIDE = amount(3, 1);
const STALE: Fate = { kind: "stale", delaySeconds: 0 };

function assertReady({ services }: ReturnType<typeof createInstallation>): void {
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
      const place = createInstallation(() => (random() < share ? STALE : undefined));
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
    const place = createInstallation(() => STALE);
    expect(await place.run()).toBe(true);
    assertReady(place);
  });

  it("is resumed from a crash at any of its calls", { timeout: 120_000 }, async () => {
    for (const kind of ["crash-before", "crash-after"] as const) {
      let crashed = true;
      for (let at = 0; crashed; at += STRIDE) {
        crashed = false;
        const place = createInstallation((call) => {
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
