import { describe, expect, it } from "vitest";
import type { Manager } from "../../src/rotation/manager.js";
import { createInstallation } from "./world/installation.js";
import type { Fate } from "./world/wire.js";

const SETTLE_SECONDS = 60;
const DAY = 86_400;
const rotate = (manager: Manager) => manager.rotate();

/** An installation with two ready standbys; a fate is dealt to the calls that follow. */
async function readyToRotate() {
  let deal: (call: number) => Fate | undefined = () => undefined;
  let calls = 0;
  const place = createInstallation(() => deal(calls++));
  await place.run();
  await place.run({ work: rotate });
  await place.pass(2 * DAY);
  const activation = () => place.services.keyring()?.activation;
  return {
    ...place,
    activation,
    /** From now on calls are numbered from 0. */
    deal(fates: (call: number) => Fate | undefined) {
      calls = 0;
      deal = fates;
    },
  };
}

type Place = Awaited<ReturnType<typeof readyToRotate>>;

/** A manager 299 s behind reads the document back, and dies before it confirms. */
async function readBackByOneThatDies(place: Place): Promise<void> {
  for (let at = 0; place.activation()?.readBackAt === undefined; at++) {
    place.deal((call) => (call === at ? { kind: "crash-after", delaySeconds: 0 } : undefined));
    await place.run({ skewSeconds: -299 });
    place.deal(() => undefined);
    if (place.activation()?.readBackAt === undefined) await place.pass(1_000);
    if (place.services.keyring()?.confirmedSequence !== 1) throw new Error("it was confirmed before it could be stopped");
  }
}

describe("the manager that confirms an activation", () => {
  it("waits the whole settling itself, however far the clock is ahead of the one that read the document back", async () => {
    const place = await readyToRotate();
    await readBackByOneThatDies(place);
    // Sees the document, waits, sees it again: a clock far ahead shortens none of it.
    await place.pass(1_000);
    const readBackAt = place.now();
    let confirmedAt: number | undefined;
    place.deal(() => {
      if (place.activation() === null) confirmedAt ??= place.now();
      return undefined;
    });
    expect(await place.run({ skewSeconds: 299 })).toBe(true);
    expect((confirmedAt as number) - readBackAt).toBeGreaterThanOrEqual(SETTLE_SECONDS);
  });

  it("reads back anew where the document has gone meanwhile, and lets nobody go before it is there", async () => {
    const place = await readyToRotate();
    await readBackByOneThatDies(place);
    await place.pass(1_000);
    const sequence = place.activation()?.sequence as number;
    const readBackAt = place.activation()?.readBackAt as number;
    await place.deleteDocument(sequence);
    expect(await place.run()).toBe(false);
    expect(place.services.keyring()).toMatchObject({ confirmedSequence: 1 });
    // It is written and read back again, and not confirmed by what was seen before.
    expect(place.activation()?.readBackAt).toBeGreaterThan(readBackAt);
    expect(place.services.documents()[0]).toMatchObject({ sequence });
    expect(await place.run()).toBe(true);
    expect(place.services.keyring()).toMatchObject({ activation: null, confirmedSequence: sequence });
    expect(place.services.documents()[0]).toMatchObject({ sequence });
  });
});
