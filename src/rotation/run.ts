import { SignetError } from "../errors.js";
import { type Action, type ReportedAction, reportedAction } from "./plan/actions.js";
import { type Plan, plan } from "./plan/planner.js";
import type { View } from "./plan/view.js";
import type { Wait } from "./plan/wait-reasons.js";
import { lossOfLog } from "./session/audit.js";
import type { Context } from "./session/context.js";
import { readViewWithRetries } from "./session/read-view.js";
import type { Session } from "./session/session.js";
import { beginActivation, confirmActivation } from "./steps/activate.js";
import { abandonMaking, finishMaking, makeKey } from "./steps/make-key.js";
import { tellPlanted } from "./steps/planted.js";
import type { Doubt } from "./steps/prove.js";
import { doubtActive, proveStandbys } from "./steps/prove-standbys.js";
import { publishKeys } from "./steps/publish.js";
import { deleteDocument, discardKey, removeKey } from "./steps/remove.js";
import { sweep } from "./steps/sweep.js";

/** What a run has done, and what is left to wait for. */
export interface Outcome {
  readonly done: readonly ReportedAction[];
  readonly plan: Plan;
  /** What an operator has to look at though the run went on, each in a sentence. */
  readonly alerts?: readonly string[];
}

// Far above what any keyring needs: a bug in the planner must end in an error, not in a loop that writes for ever.
const MAX_ACTIONS = 60;

/** These are done at most once a run: what they leave unfinished waits for the next tick. */
const ONCE: readonly Action["kind"][] = [
  "reread",
  "activate",
  "confirm",
  "delete-document",
  "remove",
  "sweep",
  "finish-making",
  "prove",
];

/**
 * Carries out plans, one action at a time, reading and planning anew after each. An action that fails does not keep the others
 * from being done; the first failure is thrown at the end.
 */
export async function run(context: Context, session: Session): Promise<Outcome> {
  const done: ReportedAction[] = [];
  const skipped = new Set<string>();
  const warnings: Wait[] = [];
  const doubts = new Map<string, string>();
  const activeIn = onceForEach(
    (view: View) => view.documents[0]?.sequence,
    async (view) => doubtActive(context, view, await session.time()),
  );
  let hasSwept = false;
  let failure: unknown;
  for (let count = 0; count < MAX_ACTIONS; count++) {
    const view = { ...(await readViewWithRetries(context, session.keyring())), passedOver: new Set(doubts.keys()) };
    const current = plan(view, session.keyring().policy, await session.time());
    const action = current.actions.find((candidate) => !skipped.has(JSON.stringify(candidate)));
    if (action === undefined) {
      if (failure !== undefined) throw failure;
      const active = await activeIn(view);
      const lost = hasSwept ? await lossOfLog(context.stores, session.keyring()) : undefined;
      const alerts = [active?.words, ...doubts.values(), lost].filter((words) => words !== undefined);
      return { done, plan: { ...current, waits: [...warnings, ...current.waits] }, alerts };
    }
    hasSwept ||= action.kind === "sweep";
    const reported = reportedAction(action, session.keyring());
    context.onStep({ action: action.kind, words: reported.words });
    // After the activation nothing waits for it any more, but the operator has to know.
    if (action.kind === "activate") warnings.push(...current.waits.filter(({ rule }) => rule === "young_standby"));
    if (ONCE.includes(action.kind)) skipped.add(JSON.stringify(action));
    try {
      const found =
        action.kind === "prove"
          ? await proveStandbys(context, session, view, await activeIn(view))
          : await carryOut(context, session, view, action, warnings);
      for (const { id, words } of found) doubts.set(id, doubts.get(id) ?? words);
      // A proof is no change, and what was not proven was not done.
      const isDone = found.length === 0 || action.kind === "publish";
      if (isDone && action.kind !== "prove") done.push(reported);
    } catch (error) {
      failure ??= error;
      skipped.add(JSON.stringify(action));
      // A session that cannot prove itself any more must not go on.
      await session.check().catch(() => {
        throw failure;
      });
    }
  }
  throw failure ?? new SignetError("internal", "the plan did not come to an end; report this with `signet keys history`");
}

// Opening a key may cost a call, or the work that a passphrase takes: one proof of the same document is enough for a run.
function onceForEach<T, R>(keyOf: (value: T) => unknown, judge: (value: T) => Promise<R>): (value: T) => Promise<R> {
  let last: { readonly key: unknown; readonly result: Promise<R> } | undefined;
  return (value) => {
    const key = keyOf(value);
    if (last === undefined || last.key !== key) last = { key, result: judge(value) };
    return last.result;
  };
}

/** @returns what has to be told: keys that were not proven, and so passed over, and keys that were planted */
async function carryOut(
  context: Context,
  session: Session,
  view: View,
  action: Action,
  warnings: Wait[],
): Promise<readonly Doubt[]> {
  switch (action.kind) {
    case "activate":
      return listed(await beginActivation(context, session, view, action));
    case "confirm":
      return listed(await confirmActivation(context, session, view, action.stage));
    case "make":
      await makeKey(context, session, view);
      break;
    case "finish-making":
      await finishMaking(context, session, action.id, view);
      break;
    case "abandon":
      await abandonMaking(session, action.id);
      break;
    case "publish": {
      // What was written into the JWKS outside Signet is reported before it goes.
      const planted = await tellPlanted(context, session, view);
      await publishKeys(context, session, view);
      return planted;
    }
    case "delete-document":
      await deleteDocument(context, session, view, action.sequence);
      break;
    case "remove":
      await removeKey(context, session, action.id);
      break;
    case "discard":
      await discardKey(session, action.id);
      break;
    case "sweep":
      warnings.push(...(await sweep(context, session)));
      break;
    case "prove":
    case "reread":
  }
  return [];
}

function listed(doubt: Doubt | undefined): readonly Doubt[] {
  return doubt === undefined ? [] : [doubt];
}
