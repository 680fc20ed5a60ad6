import type { Installation } from "../assemble.js";
import type { ReportedStray } from "../rotation/plan/strays.js";
import { needsAPerson, type Wait } from "../rotation/plan/wait-reasons.js";
import type { Report } from "../rotation/report.js";
import type { Logger } from "./log.js";
import { causeOf } from "./log.js";

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
 *   what an operator has to look at (`key alert`); and once of each key that was planted in the JWKS (`planted key`), which the tick has taken out
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
  const tell = teller(log, onFailure, told);

  async function tick(): Promise<number> {
    try {
      const manager = await installation.manager({ onStep: ({ action }) => action === "planted" && onFailure("planted key") });
      const report = await manager.tick({ looksForLog: true });
      const { nextAt, blockedBy, alerts } = report;
      tell(report);
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

/** Answers what logs and counts what a tick has found; what goes on from tick to tick is logged once. */
function teller(log: Logger, onFailure: (dependency: string) => void, told: (words: string) => string): (report: Report) => void {
  const advice = told("an operator has to look at this: `signet keys repair` says what can be done");
  const tellBlocks = tellEach<string>(
    (why) => why,
    (why) => log.error({ why: told(why) }, "no key is managed until you have looked at this"),
  );
  const tellAlerts = tellEach<string>(
    (why) => why,
    (why) => log.error({ why: told(why) }, advice),
  );
  const tellWaits = tellEach<Wait>(
    ({ rule, kid = "" }) => `${rule} ${kid}`,
    ({ rule, words }) => log.warn({ rule, why: told(words) }, "the keys wait for an operator"),
  );
  const tellStrays = tellEach<ReportedStray>(
    ({ name }) => name,
    ({ name, monthlyUsd, words }) =>
      log.warn({ stray: name, monthlyUsd, why: told(words) }, "a private key is there that no record names"),
  );
  return ({ actions, blockedBy, waits, strays, alerts }) => {
    for (const { words } of actions) log.info({ did: words }, "keys");
    // A failure like any other to who watches; a person's act is seen within a minute.
    if (blockedBy !== null) onFailure("key manager");
    tellBlocks(blockedBy === null ? [] : [blockedBy]);
    tellWaits(waits.filter((wait) => needsAPerson(wait) && wait.words !== blockedBy));
    // What a sweep destroys by itself needs no operator.
    tellStrays(strays.filter(({ destroyedAfter }) => destroyedAfter === null));
    if (alerts.length > 0) onFailure("key alert");
    tellAlerts(alerts);
  };
}

/** Tells of each thing once, for as long as it is there. */
function tellEach<Thing>(nameOf: (thing: Thing) => string, tell: (thing: Thing) => void): (there: readonly Thing[]) => void {
  let told: ReadonlySet<string> = new Set();
  return (there) => {
    for (const thing of there) if (!told.has(nameOf(thing))) tell(thing);
    told = new Set(there.map(nameOf));
  };
}
