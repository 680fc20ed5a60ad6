import { type ErrorCode, isSignetError } from "../../../src/errors.js";
import { createManager, type Manager } from "../../../src/rotation/manager.js";
import type { RotationSettings } from "../../../src/rotation/plan/policy.js";
import { verifyAudit } from "../../../src/rotation/session/audit.js";
import { SETTINGS } from "../settings-fixture.js";
import { createClockwork } from "./clockwork.js";
import { type Hand, LEFT_KEY, layHand } from "./hands.js";
import { type IssuerTraits, startIssuer } from "./issuers.js";
import { createOracle, Violation } from "./oracle.js";
import { createServices, type Place } from "./services.js";
import { type Actor, type Ambush, createWire, type Fate } from "./wire.js";

/** One thing that people, time or bad luck do. */
export type Step =
  | { readonly do: "wait"; readonly seconds: number }
  | { readonly do: "tick" | "rotate" | "crash"; readonly manager: number }
  | { readonly do: "revoke"; readonly manager: number; readonly which: number }
  /** The operator has uploaded a pending key, and says so. */
  | { readonly do: "upload"; readonly manager: number; readonly which: number }
  | { readonly do: "apply"; readonly manager: number; readonly settings: number }
  | { readonly do: "put-back"; readonly rotations: number }
  /** The operator says that no token of a key is accepted after so many seconds. */
  | { readonly do: "expire"; readonly manager: number; readonly which: number; readonly seconds: number }
  | ({ readonly do: "hand" } & Hand)
  | { readonly do: "ambush"; readonly ambush: Ambush }
  | { readonly do: "jump"; readonly manager: number; readonly seconds: number };

/** A whole story. */
export interface Story {
  readonly place: Place;
  /** Each manager's clock, off by so many seconds. */
  readonly managers: readonly number[];
  readonly issuers: readonly IssuerTraits[];
  readonly steps: readonly Step[];
  readonly fates: readonly (readonly [call: number, fate: Fate])[];
  /** How often the scheduler ticks, with the first manager. */
  readonly tickEverySeconds: number;
  /** How long ticks go on at the end, when nothing fails and nothing is on its way any more; 3 when absent. */
  readonly quietDays?: number;
}

const START = 1_800_000_000;
const DAY = 86_400;

const BASE: RotationSettings = {
  ...SETTINGS,
  algorithm: "EdDSA",
  policy: { ...SETTINGS.policy, rotateEverySeconds: 4 * DAY },
};

/** What operators switch between. */
const VARIANTS: readonly RotationSettings[] = [
  BASE,
  { ...BASE, maxTtlSeconds: 2 * DAY },
  { ...BASE, maxTtlSeconds: 600 },
  { ...BASE, policy: { ...BASE.policy, publishAheadSeconds: 12_000 } },
  { ...BASE, policy: { ...BASE.policy, rotateEverySeconds: 0 } },
  { ...BASE, algorithm: "Ed25519" },
  { ...BASE, allowsUnlimitedTokens: true },
  { ...BASE, policy: { ...BASE.policy, publishAheadSeconds: 11_160 } },
  { ...BASE, policy: { ...BASE.policy, byUpload: true } },
];

interface ManagerProcess {
  readonly actor: Actor;
  readonly manager: Manager;
  jumpSeconds: number;
  isBusy: boolean;
}

const EXPECTED: readonly ErrorCode[] = [
  "store_failed",
  "lease_held",
  "lease_lost",
  "keyring_conflict",
  "publication_unconfirmed",
  "clock_untrusted",
  "plan_refused",
  "key_not_found",
  "keyring_missing",
  "keyring_old",
];

/** Plays a story and then a quiet time; throws a `Violation` where a promise was broken. */
export async function play(story: Story): Promise<{ tokens: number; calls: number; audit: readonly string[] }> {
  const clockwork = createClockwork(START);
  const wire = createWire(clockwork, new Map(story.fates));
  const oracle = createOracle(clockwork, () => services);
  const services = createServices(story.place, clockwork, wire, oracle);
  const living = new Map<string, Actor>();
  const processes: ManagerProcess[] = [];
  let incarnations = 0;
  let ids = 0;
  const settingsOf: RotationSettings[] = story.managers.map(() => BASE);
  const fail = (words: string): never => {
    throw new Violation(words);
  };

  function born(index: number): ManagerProcess {
    const actor: Actor = { name: `manager-${index}.${++incarnations}`, isDead: false };
    living.set(actor.name, actor);
    const process: ManagerProcess = {
      actor,
      jumpSeconds: 0,
      isBusy: false,
      manager: createManager({
        stores: services.storesFor(actor, (holder) => living.get(holder)?.isDead === false),
        custodians: { file: services.custodianFor(actor) },
        settings: settingsOf[index] as RotationSettings,
        clock: () => Math.floor(clockwork.now() + (story.managers[index] ?? 0) + process.jumpSeconds),
        randomId: () => `key-${++ids}`,
        sleep: (seconds) => new Promise((resolve) => clockwork.at(clockwork.now() + seconds, () => actor.isDead || resolve())),
      }),
    };
    processes[index] = process;
    return process;
  }

  const processOf = (index: number): ManagerProcess => {
    const known = processes[index % story.managers.length];
    return known === undefined || known.actor.isDead ? born(index % story.managers.length) : known;
  };

  function start(index: number, work: (manager: Manager) => Promise<unknown>): void {
    const process = processOf(index);
    if (process.isBusy) return;
    process.isBusy = true;
    work(process.manager)
      .catch((error: unknown) => {
        if (!isSignetError(error, ...EXPECTED)) unexpected ??= error;
      })
      .finally(() => {
        process.isBusy = false;
      });
  }
  let unexpected: unknown;
  // Until there is a keyring, somebody runs `init` again and again.
  const tick = (manager: Manager) => manager.tick({ createKeyring: services.keyring() === undefined });

  function take(step: Step): void {
    switch (step.do) {
      case "tick":
        start(step.manager, tick);
        return;
      case "rotate":
        start(step.manager, (manager) => manager.rotate());
        return;
      case "revoke": {
        const keys = services.keyring()?.keys ?? [];
        const kid = keys[step.which % Math.max(1, keys.length)]?.publicJwk?.kid;
        if (kid !== undefined) start(step.manager, (manager) => manager.revoke({ kid, reason: "a story" }));
        return;
      }
      case "upload": {
        const { keys = [] } = services.keyring() ?? {};
        const pending = keys.filter(({ state }) => state === "pending");
        const kid = pending[step.which % Math.max(1, pending.length)]?.publicJwk?.kid;
        if (kid === undefined) return;
        oracle.uploadTold(kid);
        start(step.manager, (manager) => manager.rotate({ uploaded: kid }));
        return;
      }
      case "put-back":
        services.hands.putBack(step.rotations);
        return;
      case "expire": {
        const kid = services.keyring()?.keys[step.which]?.publicJwk?.kid as string;
        const tokensExpireBy = Math.floor(clockwork.now()) + step.seconds;
        oracle.expiryTold(kid, tokensExpireBy);
        start(step.manager, (manager) => manager.setTokensExpireBy({ kid, tokensExpireBy }));
        return;
      }
      case "hand":
        oracle.byHand(() => layHand(step, services, services.keyring()));
        return;
      case "ambush":
        wire.lieInWait(step.ambush);
        return;
      case "crash":
        processOf(step.manager).actor.isDead = true;
        return;
      case "jump": {
        // Without a service's clock to compare with, only a clock that is behind the keyring's own times shows.
        if (story.place === "files" && services.keyring() === undefined) return;
        const seconds = story.place === "services" ? step.seconds : -Math.abs(step.seconds) - 60 * DAY;
        processOf(step.manager).jumpSeconds = seconds;
        return;
      }
      case "apply": {
        const settings = VARIANTS[step.settings % VARIANTS.length] as RotationSettings;
        settingsOf.fill(settings);
        processOf(step.manager).actor.isDead = true;
        start(step.manager, (manager) => manager.applySettings({ verifiersAccept: ["EdDSA", "Ed25519"] }));
        return;
      }
      case "wait":
    }
  }

  const quietSeconds = (story.quietDays ?? 3) * DAY;
  const length = story.steps.reduce((sum, step) => sum + (step.do === "wait" ? step.seconds : 1), 0);
  const end = START + length + DAY + quietSeconds;
  for (const traits of story.issuers) startIssuer(traits, clockwork, services, oracle, end);
  let isScheduling = true;
  const schedule = (): void => {
    if (!isScheduling) return;
    start(0, tick);
    clockwork.at(clockwork.now() + story.tickEverySeconds, schedule);
  };
  schedule();

  let time = START;
  for (const step of story.steps) {
    take(step);
    time += step.do === "wait" ? step.seconds : 1;
    await clockwork.advanceTo(time);
    if (oracle.violation()) throw oracle.violation();
  }
  if (unexpected !== undefined) throw unexpected;

  // Quiet: nothing fails any more, what was on its way arrives, and a new manager ticks.
  wire.heal();
  isScheduling = false;
  time += DAY;
  await clockwork.advanceTo(time);
  for (const process of processes.filter(Boolean)) process.actor.isDead = true;
  for (let quiet = 0; quiet < quietSeconds; quiet += DAY / 4) {
    start(0, tick);
    time += DAY / 4;
    await clockwork.advanceTo(time);
  }
  if (unexpected !== undefined) throw unexpected;
  await assertSteady();
  if (oracle.violation()) throw oracle.violation();
  return { tokens: oracle.tokens(), calls: wire.count(), audit: services.audit() };

  async function assertSteady(): Promise<void> {
    const { manager } = processOf(0);
    const inTime = async <T>(promise: Promise<T>): Promise<T> => {
      time += 1_000;
      const [value] = await Promise.all([promise, clockwork.advanceTo(time)]);
      return value;
    };
    let [calls, writes] = [0, 0];
    let report = await inTime(manager.tick());
    // A sweep or a removal may have become due within the same minutes.
    for (let tick = 0; tick < 3 && (tick === 0 || report.actions.length > 0); tick++) {
      [calls, writes] = [wire.count(), services.writes()];
      report = await inTime(manager.tick());
    }
    const words = report.waits.map((wait) => wait.words).join("; ");
    if (report.actions.length > 0) fail(`ticks never end with ${report.actions.map((action) => action.kind).join(", ")}`);
    if (services.writes() !== writes) fail("a tick with nothing to do writes");
    // Keyring, JWKS and active document; and the key that signs is opened.
    if (wire.count() - calls !== 4) fail(`a tick with nothing to do costs ${wire.count() - calls} calls`);
    const keyring = services.keyring() ?? fail("there is no keyring");
    const inState = (state: string) => keyring.keys.filter((key) => key.state === state);
    if (inState("active").length !== 1) fail(`${inState("active").length} keys are active; ${words}`);
    // Where keys are uploaded, one is made when it is asked for.
    if (inState("pending").length === 0 && keyring.policy.byUpload !== true) fail(`there is no standby; ${words}`);
    if (inState("creating").length + inState("revoked").length > 0) fail("a key is left in between");
    if (keyring.activation !== null) fail("an activation is left unconfirmed");
    if (keyring.lease !== null) fail("the lease was not given back");
    const listed = keyring.keys.filter((key) => key.state !== "creating").map((key) => key.publicJwk?.kid);
    if ([...services.jwks()].sort().join() !== listed.sort().join()) fail("the JWKS is not the keyring's");
    const documents = services.documents();
    if (documents.length !== 1 || documents[0]?.sequence !== keyring.confirmedSequence) fail("an old active document is left");
    if (documents[0]?.kid !== inState("active")[0]?.publicJwk?.kid) fail("the active document is another key's");
    const known = new Set(keyring.keys.map((key) => key.id));
    const orphans = services.held().filter((id) => !known.has(id) && id !== LEFT_KEY);
    if (orphans.length > 0) fail(`private keys without a record: ${orphans.join()}`);
    const second = services.held().includes(inState("active")[0]?.id ?? "");
    if (second === (story.place === "services")) fail("the private part of the active key has two places, or none");
    const stores = { audit: { append: async () => undefined, read: () => lines(services.audit()) } };
    const verdict = await verifyAudit(stores, keyring);
    if (!verdict.isIntact) fail(`the audit log is not intact: ${verdict.fault?.words} (${verdict.fault?.number})`);
  }
}

async function* lines(values: readonly string[]): AsyncIterable<string> {
  yield* values;
}
