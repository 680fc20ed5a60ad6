import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { PublicJwk } from "../algorithms/jwk.js";
import type { Custodian } from "../custody/contract.js";
import { isSignetError, SignetError } from "../errors.js";
import type { Custody } from "../keyring/key-record.js";
import type { Keyring } from "../keyring/keyring.js";
import type { Stores } from "../storage/contract.js";
import { actionInWords } from "./actions.js";
import type { Context, Step } from "./context.js";
import { type ImportRequest, importInto } from "./import-key.js";
import { plan } from "./planner.js";
import { policyOf, type RotationSettings } from "./policy.js";
import { readView } from "./read-view.js";
import { RULES, type Wait } from "./rules.js";
import { type Outcome, type ReportedAction, run } from "./run.js";
import { foundKeyring, type Session, takeLease } from "./session.js";
import { applyPolicy, assertSameIssuer } from "./settings.js";

/** What a manager is made of. */
export interface ManagerOptions {
  readonly stores: Stores;
  readonly custodians: Partial<Record<Custody, Custodian>>;
  readonly settings: RotationSettings;
  /** Answers the time as a NumericDate in whole seconds. */
  readonly clock?: () => number;
  /** Names new keys. */
  readonly randomId?: () => string;
  readonly sleep?: (seconds: number) => Promise<void>;
  /** Who asks: an operating system's user, an IAM principal. */
  readonly actor?: string;
  /** Told of every step before it is done. */
  readonly onStep?: (step: Step) => void;
}

/** What a manager answers. */
export interface Report {
  /** What was done; with `dryRun`, what would be done next. */
  readonly actions: readonly ReportedAction[];
  /** What does not happen yet, and why. */
  readonly waits: readonly Wait[];
  /** When the next tick has something to do by itself; `null` where nothing waits for a time. */
  readonly nextAt: number | null;
}

/** Changes keys; everything else only reads them. */
export interface Manager {
  /** Repairs what a crash left, and carries out what the plan says. On an empty keyring it makes the first key. */
  tick(options?: { readonly dryRun?: boolean }): Promise<Report>;
  /** Takes a private key made elsewhere. */
  importKey(request: ImportRequest): Promise<Report & { readonly publicJwk: PublicJwk }>;
  /** Makes the manager's settings the policy in force. */
  applySettings(): Promise<Report>;
}

/**
 * Makes a manager of an issuer's keys. Several may run at once, anywhere: they take turns by a lease in the keyring.
 *
 * @throws SignetError `lease_held`, `lease_lost`, `clock_untrusted`, `plan_refused` and what stores and custodians throw, from
 * its methods; a run that failed is resumed by the next
 */
export function createManager(options: ManagerOptions): Manager {
  const context: Context = {
    clock: () => Math.floor(Date.now() / 1_000),
    randomId: randomUUID,
    sleep: (seconds) => delay(seconds * 1_000),
    actor: "unknown",
    onStep: () => undefined,
    ...options,
    manager: randomUUID(),
  };
  const inTurn = turns();
  return Object.freeze({
    tick: (request?: { readonly dryRun?: boolean }) => inTurn(() => tick(context, request?.dryRun === true)),
    importKey: (request: ImportRequest) => inTurn(() => importKey(context, request)),
    applySettings: () => inTurn(() => applySettings(context)),
  });
}

async function tick(context: Context, dryRun: boolean): Promise<Report> {
  const current = await context.stores.keyring.read();
  if (current === undefined) {
    const founding: ReportedAction = { kind: "found", words: "make the keyring, a first key that signs at once, and a standby" };
    return dryRun ? reportOf(context, undefined, { done: [founding], plan: NOTHING }) : working(context, run);
  }
  assertSameIssuer(context.settings, current.keyring);
  const { keyring } = current;
  const first = plan(await readView(context, keyring), keyring.policy, context.clock());
  if (first.actions.length === 0 || dryRun) {
    const words = first.actions.map((action) => ({ kind: action.kind, words: actionInWords(action, keyring) }));
    return reportOf(context, keyring, { done: words, plan: first });
  }
  return working(context, run);
}

async function importKey(context: Context, request: ImportRequest): Promise<Report & { publicJwk: PublicJwk }> {
  let publicJwk: PublicJwk | undefined;
  const report = await working(context, async (ofContext, session) => {
    // A standby of a new issuer must not become its first key by accident: the first key is made before it.
    const before = request.as === "standby" ? await run(ofContext, session) : undefined;
    publicJwk = await importInto(ofContext, session, request);
    const imported: ReportedAction = { kind: "import", words: `import key ${publicJwk.kid} as ${request.as}` };
    const { done, plan: last } = await run(ofContext, session);
    return { done: [...(before?.done ?? []), imported, ...done], plan: last };
  });
  return Object.freeze({ ...report, publicJwk: publicJwk as PublicJwk });
}

async function applySettings(context: Context): Promise<Report> {
  return working(context, async (ofContext, session) => {
    const changed = await applyPolicy(ofContext, session);
    const applied: ReportedAction[] = changed ? [{ kind: "apply-settings", words: "put the new policy in force" }] : [];
    const { done, plan: last } = await run(ofContext, session);
    return { done: [...applied, ...done], plan: last };
  });
}

const NOTHING = Object.freeze({ actions: [], waits: [], nextAt: null });
const ATTEMPTS = 3;

// Runs with the lease. Somebody who wrote between our read and our lease is no failure: it is read again.
async function working(context: Context, work: (context: Context, session: Session) => Promise<Outcome>): Promise<Report> {
  const session = await begin(context);
  let failed = true;
  try {
    const outcome = await work(context, session);
    failed = false;
    return reportOf(context, session.keyring(), outcome);
  } finally {
    // A lease that cannot be given back is taken over by the next manager.
    await session.release(failed).catch(() => context.onStep({ action: "lease", words: "the lease could not be given back" }));
  }
}

async function begin(context: Context): Promise<Session> {
  for (let attempt = 1; ; attempt++) {
    try {
      const current = await context.stores.keyring.read();
      if (current !== undefined) assertSameIssuer(context.settings, current.keyring);
      else await assertNothingLeft(context);
      return current === undefined ? await foundKeyring(context) : await takeLease(context, current);
    } catch (error) {
      if (attempt === ATTEMPTS || !isSignetError(error, "lease_lost")) throw error;
    }
  }
}

// Without its keyring an issuer would be made anew over keys that verifiers and tokens still rely on.
async function assertNothingLeft({ stores, custodians }: Context): Promise<void> {
  let isLeft = (await stores.active.read()).length > 0;
  for (const custodian of Object.values(custodians)) {
    for await (const _ of custodian.list()) isLeft = true;
  }
  if (!isLeft || (await stores.keyring.read()) !== undefined) return;
  throw new SignetError("keyring_missing", "there are private keys here but no keyring: restore the keyring from a backup");
}

function reportOf({ settings }: Context, keyring: Keyring | undefined, { done, plan: last }: Outcome): Report {
  const waits = [...last.waits];
  if (keyring !== undefined && JSON.stringify(policyOf(settings, keyring.policy.version)) !== JSON.stringify(keyring.policy)) {
    const words = `the settings given here are not the policy in force (version ${keyring.policy.version}): ${RULES.settings_differ}`;
    waits.push({ rule: "settings_differ", until: null, words });
  }
  return Object.freeze({ actions: done, waits, nextAt: last.nextAt });
}

// A manager does one thing at a time, in the order in which it was asked.
function turns(): <T>(action: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (action) => {
    const mine = last.then(action, action);
    last = mine.catch(() => undefined);
    return mine;
  };
}
