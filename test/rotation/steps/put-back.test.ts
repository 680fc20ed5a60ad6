import { describe, expect, it } from "vitest";
import type { AuditEntry } from "../../../src/rotation/plan/audit-entry.js";
import { isInFull, some } from "../../contracts/matrix.js";
import { playCloud } from "../cloud/cloud-world.js";
import type { IssuerTraits } from "../world/issuers.js";
import type { Place } from "../world/services.js";
import { play, type Step } from "../world/world.js";

const DAY = 86_400;
const issuer: IssuerTraits = { skewSeconds: -300, everySeconds: 3_000, failsEvery: 3, lateSeconds: 30, frozenSeconds: 0 };

/** Seeded, so that a story can be told again. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A month of rotations every four days, in which an old keyring is put back at some moment, with tokens alive. */
function story(seed: number, rotations: number): Step[] {
  const random = chance(seed);
  const wait = (days: number): Step => ({ do: "wait", seconds: Math.floor(days * DAY * (0.5 + random())) });
  const some: Step[] = [
    { do: "rotate", manager: 1 },
    { do: "revoke", manager: 0, which: Math.floor(random() * 4) },
    { do: "apply", manager: 0, settings: Math.floor(random() * 6) },
    { do: "tick", manager: 1 },
  ];
  const any = (): Step => some[Math.floor(random() * some.length)] as Step;
  return [
    ...[wait(4 * (rotations + 1)), any(), wait(2), any()],
    { do: "put-back", rotations },
    ...[wait(0.2 * random()), any(), wait(3), any(), wait(6), { do: "rotate", manager: 0 } as Step, wait(3)],
  ];
}

const SEEDS = Number(process.env.SIGNET_PROOF_RUNS ?? 1);

describe.each<Place>(some(1, ["services", "files"]))("an old keyring put back, on %s", (place) => {
  it.each(some(2, [0, 1, 5, 2]))(
    "by %i rotations ends by itself: no token is refused, no key is lost, and rotation goes on",
    {
      timeout: 600_000,
    },
    async (rotations) => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const played = play({
          place,
          managers: [0, -300, 300],
          issuers: [issuer],
          steps: story(1_000 * rotations + seed, rotations),
          fates: [],
          tickEverySeconds: 18_000,
        });
        // Throws where a promise is broken.
        const { audit } = await played.catch((error: Error) => {
          throw new Error(`seed ${1_000 * rotations + seed}: ${error.message}`, { cause: error });
        });
        const events = audit.map((line) => (JSON.parse(line) as AuditEntry).event);
        const at = events.lastIndexOf("keyring.put-back");
        if (rotations > 0) expect(at).toBeGreaterThan(0);
        if (at > 0) expect(events.slice(at)).toContain("key.activated");
      }
    },
  );
});

/** The others hold keys as one of the first two does. */
const KEEPERS = isInFull
  ? (["kms", "parameter-store", "secrets-manager", "kms-data-key"] as const)
  : some(1, ["kms", "parameter-store"] as const);

describe("an old keyring put back in S3, with any custodian", () => {
  it.each(KEEPERS)("loses none that %s keeps, and ends by itself", async (custody) => {
    const put = (pick: number) => ({ do: "hand" as const, hand: "old-keyring" as const, pick });
    // Throws where a promise is broken.
    const { tokens } = await playCloud({
      custody,
      weather: { staleSeconds: 30, isAlwaysStale: true, partialEvery: 2 },
      managers: [0, 299],
      issuerSkewSeconds: -300,
      steps: [{ do: "wait", seconds: 4.3 * DAY }, put(12), { do: "wait", seconds: 8 * 3_600 }, put(40)],
      fates: [],
      quietDays: 1,
    });
    expect(tokens).toBeGreaterThan(100);
  });
});
