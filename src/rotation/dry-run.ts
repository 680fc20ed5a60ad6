import { isSignetError, SignetError } from "../errors.js";
import type { Keyring } from "../keyring/keyring.js";
import { keyringText, parseKeyring } from "../keyring/parse.js";
import { simulate } from "./forecast/simulate.js";
import type { ReportedAction } from "./plan/actions.js";
import { plan } from "./plan/planner.js";
import { without } from "./plan/records.js";
import { awaitsProof } from "./plan/successor.js";
import type { View } from "./plan/view.js";
import { type Beginning, isUnchanged, readBeginning } from "./reading.js";
import { type Report, reportOf } from "./report.js";
import type { Creation } from "./requests.js";
import { assertClock, type Context, keyringMissing } from "./session/context.js";
import type { LogBeyond } from "./session/log-beyond.js";
import { readViewWithRetries } from "./session/read-view.js";
import { newKeyring, type Session, writableVersion } from "./session/session.js";
import { assertSameIssuer } from "./steps/apply-policy.js";
import { assertMayMake } from "./steps/make-key.js";
import { alertsOf, plantedWords } from "./steps/planted.js";
import { doubtActive, doubtStandbys } from "./steps/prove-standbys.js";
import { adoptionOver, assertContinued, wordsOf } from "./steps/put-back.js";
import { assertNothingLeft } from "./with-lease.js";

interface Looking {
  /** Which standbys are proven: all, or as a run would by default. With none no key is opened at all, and nothing is looked for but what is read. */
  readonly proves?: "all" | "none";
  /** A person has seen that an old keyring was put back. */
  readonly adoptByHand?: boolean;
  /** Told why a key that is to be made could not be made from here; without it that is thrown. */
  readonly onObstacle?: (obstacle: SignetError) => void;
  /** Told what is planned from: what was read, with the keyring as it would be. */
  readonly seen?: (view: View) => void;
}

/**
 * Does what `withLease` does, without doing it: the same checks and the same changes, but to a copy of the keyring. Nothing is written, and
 * no lease is taken.
 *
 * @throws SignetError what the run itself would fail with, as far as that can be told
 */
export async function dryRun(
  context: Context,
  work: (session: Session) => Promise<readonly ReportedAction[]>,
  { createKeyring = false, proves, adoptByHand = false, onObstacle, seen }: Creation & Looking = {},
): Promise<Report> {
  const { view: first, beyond } = await beginningOfCopy(context, createKeyring);
  let { keyring } = first;
  await assertClock(context, keyring.policy.clockSkewSeconds);
  const session = sessionOfCopy(
    context,
    () => keyring,
    (next) => {
      keyring = next;
    },
  );
  const adopted = beyond === undefined ? undefined : await adoptedOnCopy(context, first, beyond, adoptByHand);
  keyring = adopted?.keyring ?? keyring;
  const done = [...(adopted?.done ?? []), ...(await work(session))];
  const judged = await judgedOnCopy(context, { ...first, keyring }, proves, first.keyring);
  keyring = judged.view.keyring;
  seen?.(judged.view);
  const { actions, plan: last } = simulate(judged.view, context.clock());
  if (proves !== "none") await assertMakes(context, judged.view, actions, onObstacle);
  const planted = actions.some(({ kind }) => kind === "publish") ? await plantedWords(context, judged.view) : [];
  const alerts = [...new Set([...(adopted?.alerts ?? []), ...judged.alerts, ...planted])];
  return reportOf(context, keyring, { done: [...done, ...actions], plan: last, alerts });
}

async function beginningOfCopy(context: Context, createKeyring: boolean): Promise<Beginning> {
  const current = await context.stores.keyring.read();
  if (current !== undefined) {
    assertSameIssuer(context.settings, current.keyring);
    return readBeginning(context);
  }
  if (!createKeyring) throw keyringMissing(context);
  await assertNothingLeft(context);
  const keyring = newKeyring(context, await writableVersion(context));
  return { view: await readViewWithRetries(context, keyring), beyond: undefined };
}

function sessionOfCopy({ clock }: Context, keyring: () => Keyring, set: (keyring: Keyring) => void): Session {
  return {
    keyring,
    // What a manager writes is read first.
    change: async (update) => set(parseKeyring(keyringText(update(keyring())), "the new keyring")),
    time: async () => clock(),
    check: async () => undefined,
    release: async () => undefined,
  };
}

/** An old keyring that was put back, as a run would bring it up to date. */
async function adoptedOnCopy(context: Context, view: View, beyond: LogBeyond, byHand: boolean) {
  assertContinued(view.keyring, beyond, byHand);
  const { keyring, strangers } = await adoptionOver(context, view, beyond, context.clock());
  const words = `bring the keyring up to date: ${wordsOf(keyring, beyond)}`;
  return { keyring, done: [{ kind: "adopt", words }] satisfies ReportedAction[], alerts: alertsOf(strangers) };
}

/**
 * What a run finds of the keys: standbys that are not proven are passed over, those that are stand without what was held against them.
 *
 * @param asRead the keyring of which the view has a copy: where it has changed since, no doubt is believed
 */
async function judgedOnCopy(
  context: Context,
  view: View,
  proves: Looking["proves"],
  asRead: Keyring,
): Promise<{ readonly view: View; readonly alerts: readonly string[] }> {
  const unjudged = { view: { ...view, passedOver: new Set<string>() }, alerts: [] };
  if (proves === "none") return unjudged;
  const { keyring } = view;
  const now = context.clock();
  const active = await doubtActive(context, view, now);
  const isDue = proves === "all" || plan(view, keyring.policy, now).actions.some(({ kind }) => kind === "prove");
  const doubts = isDue ? await doubtStandbys(context, view, now) : [];
  const alerts = [...(active === undefined ? [] : [active]), ...doubts].map(({ words }) => words);
  if (alerts.length > 0 && !(await isUnchanged(context, asRead))) return unjudged;
  const passedOver = new Set(doubts.map(({ id }) => id));
  const proven = (key: Keyring["keys"][number]) =>
    isDue && awaitsProof(key) && !passedOver.has(key.id) ? without(key, "unprovenAt") : key;
  return { view: { ...view, keyring: { ...keyring, keys: keyring.keys.map(proven) }, passedOver }, alerts };
}

/** Fails where the run itself would fail, since its keys could not be made from here: none of them is found, or they are kept otherwise. */
async function assertMakes(
  context: Context,
  view: View,
  actions: readonly ReportedAction[],
  onObstacle: Looking["onObstacle"],
): Promise<void> {
  const { keys, policy } = view.keyring;
  const begun = actions.some(({ kind }) => kind === "finish-making") ? keys.filter(({ state }) => state === "creating") : [];
  const custodies = [
    ...begun.map(({ custody }) => custody),
    ...(actions.some(({ kind }) => kind === "make") ? [policy.custody] : []),
  ];
  try {
    for (const custody of new Set(custodies)) await assertMayMake(context, view, custody, context.clock());
  } catch (error) {
    if (!isSignetError(error)) throw error;
    const obstacle = new SignetError(error.code, `no key could be made: ${error.message}`, { cause: error });
    if (onObstacle === undefined) throw obstacle;
    onObstacle(obstacle);
  }
}
