import { createManager, type Manager } from "../../../src/rotation/manager.js";
import { SETTINGS } from "../settings-fixture.js";
import { createClockwork } from "../world/clockwork.js";
import { createServices } from "../world/services.js";
import { createWire } from "../world/wire.js";
import { DAY, HOUR, type Timeline, YEAR } from "./timeline.js";

const START = 1_800_000_000;

/** When a key entered a state. */
export interface KeyMoment {
  readonly time: number;
  readonly kid: string;
  readonly state: string;
}

/** Signet itself: two managers, whose clocks are five minutes off to either side, tick in turn every hour. */
export async function signetsTimeline(seconds: number): Promise<Timeline & { readonly moments: readonly KeyMoment[] }> {
  const clockwork = createClockwork(START);
  const published: { time: number; kids: ReadonlySet<string> }[] = [];
  const active: { time: number; kid: string }[] = [];
  const revoked = new Map<string, number>();
  const moments: KeyMoment[] = [];
  const now = (): number => clockwork.now() - START;
  const services = createServices("services", clockwork, createWire(clockwork, new Map()), {
    published: ({ jwks }) => published.push({ time: now(), kids: new Set(jwks.keys.map((jwk) => jwk.kid)) }),
    documentsChanged() {
      const kid = services.documents()[0]?.kid;
      if (kid !== undefined && kid !== active.at(-1)?.kid) active.push({ time: now(), kid });
    },
    keyringWritten: ({ keys }) =>
      notice(keys.flatMap(({ publicJwk, state }) => (publicJwk ? [{ kid: publicJwk.kid, state }] : []))),
    destroyed: () => undefined,
  });
  const known = new Map<string, string>();
  function notice(keys: readonly { kid: string; state: string }[]): void {
    for (const { kid, state } of keys) {
      if (known.get(kid) !== state) moments.push({ time: now(), kid, state });
      known.set(kid, state);
    }
    for (const kid of known.keys()) {
      if (keys.some((key) => key.kid === kid)) continue;
      moments.push({ time: now(), kid, state: "removed" });
      known.delete(kid);
    }
  }
  const managers = [-300, 300].map((skew) => managerWith(skew));
  function managerWith(skewSeconds: number): Manager {
    const actor = { name: `manager${skewSeconds}`, isDead: false };
    return createManager({
      stores: services.storesFor(actor, () => true),
      custodians: { file: services.custodianFor(actor) },
      settings: { ...SETTINGS, algorithm: "EdDSA", policy: { ...SETTINGS.policy, rotateEverySeconds: YEAR.rotateEverySeconds } },
      clock: () => Math.floor(clockwork.now() + skewSeconds),
      sleep: (wait) => new Promise((resolve) => clockwork.at(clockwork.now() + wait, () => resolve())),
    });
  }
  const forced = YEAR.revocations.filter((time) => time < seconds).map((time) => START + time);
  for (let time = START, tick = 0; time < START + seconds; time += HOUR, tick++) {
    const manager = managers[tick % managers.length] as Manager;
    const revocation = forced[0];
    let work: Promise<unknown> = manager.tick({ createKeyring: true });
    await clockwork.advanceTo(time + HOUR / 2);
    await work;
    if (revocation === undefined || revocation > time + HOUR) continue;
    forced.shift();
    const kid = services.documents()[0]?.kid as string;
    revoked.set(kid, now());
    work = manager.revoke({ kid, reason: "a drill" });
    await clockwork.advanceTo(time + HOUR - 1);
    await work;
  }
  return {
    name: "Signet",
    note: "a standby always, a second one before a planned rotation, removal after the last token",
    published,
    active,
    revoked,
    ttlSeconds: DAY,
    warmSeconds: SETTINGS.policy.activeKeyMaxAgeSeconds,
    moments,
  };
}
