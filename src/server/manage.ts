import type { Installation } from "../assemble.js";
import type { Logger } from "./log.js";
import { causeOf } from "./log.js";

type Manager = Awaited<ReturnType<Installation["manager"]>>;
type Report = Awaited<ReturnType<Manager["tick"]>>;

const MAX_PAUSE_SECONDS = 3_600;
const MIN_PAUSE_SECONDS = 10;
const AFTER_FAILURE_SECONDS = 60;

/** A manager that ticks on schedule. */
export interface Ticking {
  /** Begins no further tick, and waits for the one that runs. */
  stop(): Promise<void>;
}

/**
 * Ticks now, and whenever the plan has something to do. Other managers may do the same: the lease in the keyring lets one work
 * at a time.
 *
 * @param onFailure told of each tick that fails, or that manages no key until a person has looked (`key manager`), and of each that has found
 *   what an operator has to look at (`key alert`); and once of each key that was planted in the JWKS (`planted key`), which the tick has taken out;
 *   and of each that could not send a notice (`notice`)
 * @param told words with the commands in them as they can be pasted here
 */
export function tickOnSchedule(
  installation: Installation,
  log: Logger,
  onFailure: (dependency: string) => void = () => undefined,
  told: (words: string) => string = (words) => words,
): Ticking {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let running = Promise.resolve();
  let toldBlock: string | null = null;
  let toldAlerts: readonly string[] = [];
  const tellOnce = onceTeller(log, onFailure, told);

  async function tick(): Promise<number> {
    try {
      const manager = await installation.manager({ onStep: ({ action }) => action === "planted" && onFailure("planted key") });
      const { actions, nextAt, blockedBy, alerts, strays, waits } = await manager.tick({ looksForLog: true });
      for (const { words } of actions) log.info({ did: words }, "keys");
      // A failure like any other to who watches; a person's act is seen within a minute.
      if (blockedBy !== null) {
        onFailure("key manager");
        if (blockedBy !== toldBlock) log.error({ why: told(blockedBy) }, "no key is managed until you have looked at this");
      }
      toldBlock = blockedBy;
      tellOnce({ strays, waits });
      const advice = told("an operator has to look at this: `signet keys repair` says what can be done");
      if (alerts.length > 0) onFailure("key alert");
      for (const why of alerts) if (!toldAlerts.includes(why)) log.error({ why: told(why) }, advice);
      toldAlerts = alerts;
      if (blockedBy !== null) return AFTER_FAILURE_SECONDS;
      const pause = nextAt === null ? MAX_PAUSE_SECONDS : nextAt - Date.now() / 1_000;
      return alerts.length > 0 ? Math.min(pause, AFTER_FAILURE_SECONDS) : pause;
    } catch (error) {
      // The holder of the lease does the work.
      if ((error as { code?: string }).code !== "lease_held") {
        onFailure("key manager");
        log.error(causeOf(error), "the keys could not be managed; the next try is in a minute");
      }
      return AFTER_FAILURE_SECONDS;
    }
  }

  function run(): void {
    running = tick().then((pause) => {
      if (isStopped) return;
      const seconds = Math.min(Math.max(pause, MIN_PAUSE_SECONDS), MAX_PAUSE_SECONDS);
      timer = setTimeout(run, seconds * 1_000);
      timer.unref();
    });
  }

  run();
  return Object.freeze({
    stop() {
      isStopped = true;
      clearTimeout(timer);
      return running;
    },
  });
}

/** Tells what an operator may do something about, once for as long as it is so. */
function onceTeller(log: Logger, onFailure: (dependency: string) => void, told: (words: string) => string) {
  let toldStrays: ReadonlySet<string> = new Set();
  let toldUnsent: string | undefined;
  return ({ strays, waits }: Pick<Report, "strays" | "waits">): void => {
    // What a sweep destroys by itself needs no operator.
    const kept = strays.filter(({ destroyedAfter }) => destroyedAfter === null);
    for (const { name, monthlyUsd, words } of kept) {
      if (!toldStrays.has(name))
        log.warn({ stray: name, monthlyUsd, why: told(words) }, "a private key is there that no record names");
    }
    toldStrays = new Set(kept.map(({ name }) => name));
    const unsent = waits.find(({ rule }) => rule === "notices_unsent")?.words;
    if (unsent !== undefined) onFailure("notice");
    if (unsent !== undefined && unsent !== toldUnsent) log.warn({ why: unsent }, "a notice could not be sent");
    toldUnsent = unsent;
  };
}
