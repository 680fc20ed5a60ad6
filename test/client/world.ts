import { lifeSecondsOf } from "../../src/client/life.js";
import { createRenewal, type Renewal } from "../../src/client/renewal.js";
import { SignetError } from "../../src/errors.js";
import { createTokenFile, type TokenFile } from "../../src/operator/token-file.js";
import { createMachine, endMsOf, type Machine, randomFrom, tokenWith } from "./machine.js";

/** What a story is like, drawn from its seed. */
interface Story {
  readonly ttl: number;
  readonly minTtlSeconds: number;
  readonly reuseAtLeastSeconds: number;
  /** Milliseconds that the machine's clock is ahead of the issuer's. */
  readonly aheadMs: number;
  /** What cannot be told apart from each other does not happen together: a clock that is put back during a sleep. */
  readonly hasJumps: boolean;
  readonly hasSleeps: boolean;
  readonly hasKills: boolean;
}

/** What came of a story. */
export interface Played {
  renewals: number;
  asked: number;
  taken: number;
  refused: number;
  read: number;
  freezes: number;
  jumps: number;
  kills: number;
  removed: number;
  restored: number;
  /** Promises that did not hold; the first of them. */
  readonly faults: string[];
}

const HOUR_MS = 3_600_000;
const MAX_FAULTS = 5;

function storyOf(seed: number): Story {
  const random = randomFrom(seed ^ 0x5eed);
  const [isSteady, kind] = [random() < 0.25, random()];
  const hasKills = !isSteady && kind < 0.3;
  return {
    ttl: 20 + Math.floor(random() * 40),
    minTtlSeconds: 3 + Math.floor(random() * 5),
    reuseAtLeastSeconds: isSteady ? 5 + Math.floor(random() * 5) : 0,
    // What an earlier process has left in the file is judged by this machine's clock.
    aheadMs: hasKills ? 0 : Math.floor((random() - 0.5) * 2 * HOUR_MS),
    hasJumps: !hasKills && !isSteady && kind < 0.65,
    hasSleeps: !isSteady && kind >= 0.65,
    hasKills,
  };
}

/** Plays a story until so many tokens have come. */
export async function play(seed: number, renewals: number): Promise<Played> {
  const story = storyOf(seed);
  const machine = createMachine(seed, story.aheadMs);
  const played: Played = {
    ...{ renewals: 0, asked: 0, taken: 0, refused: 0, read: 0, freezes: 0, jumps: 0, kills: 0, removed: 0, restored: 0 },
    faults: [],
  };
  const world = createWorld(story, machine, played);
  world.begin();
  while (played.renewals < renewals && played.faults.length < MAX_FAULTS) await machine.next();
  return { ...played, faults: played.faults.map((fault) => `seed ${seed}: ${fault}`) };
}

function createWorld(story: Story, machine: Machine, played: Played) {
  const { random, trueMs, after, pass } = machine;
  const fault = (words: string): void => void played.faults.push(`${words} at ${trueMs()}`);
  let [isAway, isFull, inFlight] = [false, false, 0];
  let [disk, isExcused]: [string | undefined, boolean] = [undefined, false];
  let shown = { token: "", sinceMs: Number.NEGATIVE_INFINITY, endMs: Number.NEGATIVE_INFINITY };

  async function ask({ wallMs }: { readonly wallMs: number }) {
    played.asked += 1;
    inFlight += 1;
    if (inFlight > 1) fault(`${inFlight} calls are in flight`);
    const latencyMs = random() < 0.05 ? random() * story.ttl * 1_500 : 20 + random() * 400;
    await pass(latencyMs / 2);
    const [isFailing, now] = [isAway || random() < 0.03, Math.floor(trueMs() / 1_000)];
    await pass(latencyMs / 2);
    inFlight -= 1;
    if (isFailing) throw new SignetError("issuer_unavailable", "away", random() < 0.3 ? { retryAfterSeconds: 7 } : {});
    played.renewals += 1;
    const token = tokenWith({ exp: now + story.ttl, jti: played.renewals });
    const issuersTimeMs = random() < 0.9 ? Math.floor(trueMs() / 1_000) * 1_000 : now * 1_000;
    return { token, lifeSeconds: lifeSecondsOf({ token, issuersTimeMs }, story, wallMs) };
  }

  const place = {
    read: async () => disk,
    async write(token: string) {
      countShown(token);
      await pass(1 + random() * 20);
      if (isFull) throw new SignetError("store_failed", "full");
      disk = token;
    },
    async remove() {
      disk = undefined;
    },
    watch: () => ({ isAlive: () => true, close: () => undefined }),
  };

  function start(): [Renewal, TokenFile] {
    const { minTtlSeconds, reuseAtLeastSeconds } = story;
    const { clocks } = machine;
    const made = createRenewal({ ask, minTtlSeconds, reuseAtLeastSeconds, clocks });
    const onEvent = ({ what }: { readonly what: string }): void => {
      if (what === "removed") played.removed += 1;
      if (what === "restored") played.restored += 1;
    };
    return [made, createTokenFile({ renewal: made, place, clocks, onEvent })];
  }

  let [renewal, file] = start();

  // The process itself: a step each second, or when something wakes it.
  async function tend(): Promise<void> {
    const own = file;
    while (own === file) {
      const { freezes } = played;
      await own.step();
      // A step that began before a freeze has not looked at the clock after it.
      if (freezes === played.freezes) isExcused = false;
      await new Promise<void>((resolve) => {
        own.onWake(resolve);
        void pass(1_000).then(resolve);
      });
    }
  }

  function take(): void {
    const controller = new AbortController();
    if (random() < 0.1) after(random() * 500, () => controller.abort(new Error("aborted")));
    const own = renewal;
    own.take(controller.signal).then(
      (token) => {
        played.taken += 1;
        const leftMs = endMsOf(token) - trueMs();
        if (leftMs <= 0) fault(`a token was handed out that was over for ${-leftMs} ms`);
        const mayBeShort = own.failure() !== undefined || story.reuseAtLeastSeconds > 0;
        countShown(token);
        if (leftMs < story.minTtlSeconds * 1_000 && !mayBeShort) fault(`a token was handed out with ${leftMs} ms left`);
      },
      () => {
        played.refused += 1;
      },
    );
  }

  // Whom tokens are shown to counts how often they change. One that is nearly over has to.
  function countShown(token: string): void {
    if (token === shown.token) return;
    const isSoon = trueMs() < shown.sinceMs + story.reuseAtLeastSeconds * 1_000;
    if (isSoon && trueMs() < shown.endMs - 3_000) fault("a token was replaced too soon");
    shown = { token, sinceMs: trueMs(), endMs: endMsOf(token) };
  }

  function look(): void {
    played.read += 1;
    if (disk === undefined || isExcused) return;
    const leftMs = endMsOf(disk) - trueMs();
    if (leftMs <= 0) fault(`the file held a token that was over for ${-leftMs} ms`);
  }

  function disturb(): void {
    const kind = random();
    if (kind < 0.1) isAway = !isAway;
    else if (kind < 0.15) isFull = !isFull;
    else if (kind < 0.25) disk = undefined;
    else if (kind < 0.35) freeze();
    else if (kind < 0.45 && story.hasJumps) jump();
    else if (kind < 0.5 && story.hasKills) kill();
    else if (kind < 0.8) [isAway, isFull] = [false, false];
  }

  function freeze(): void {
    played.freezes += 1;
    isExcused = true;
    machine.freeze(random() * (random() < 0.3 ? 10 * HOUR_MS : 60_000), story.hasSleeps);
  }

  function jump(): void {
    played.jumps += 1;
    machine.shiftWall((random() - 0.5) * 4 * HOUR_MS);
  }

  function kill(): void {
    played.kills += 1;
    machine.kill();
    [inFlight, isExcused] = [0, true];
    [renewal, file] = start();
    void tend();
  }

  function every(ms: number, work: () => void): void {
    after(random() * 2 * ms, () => {
      work();
      every(ms, work);
    });
  }

  return {
    begin() {
      void tend();
      every(2_000, take);
      every(700, look);
      every(15_000, disturb);
    },
  };
}
