import { keyringText, parseKeyring } from "../keyring/parse.js";
import { simulate } from "./forecast/simulate.js";
import type { ReportedAction } from "./plan/actions.js";
import type { View } from "./plan/view.js";
import { type Report, reportOf } from "./report.js";
import type { Creation } from "./requests.js";
import { type Context, keyringMissing } from "./session/context.js";
import { readBeyond } from "./session/log-beyond.js";
import { readViewWithRetries } from "./session/read-view.js";
import { newKeyring, type Session, writableVersion } from "./session/session.js";
import { assertSameIssuer } from "./steps/apply-policy.js";
import { doubtStandbys } from "./steps/prove-standbys.js";
import { adoptionOf, wordsOf } from "./steps/put-back.js";

interface Looking {
  /** Whether standbys are proven, where what is done depends on it. */
  readonly proves?: boolean;
  /** Told what is planned from: what was read, with the keyring as it would be. */
  readonly seen?: (view: View) => void;
}

/**
 * Does what `withLease` does, without doing it: the same checks and the same changes, but to a copy of the keyring. Nothing is written, and
 * no lease is taken.
 */
export async function dryRun(
  context: Context,
  work: (session: Session) => Promise<readonly ReportedAction[]>,
  { createKeyring = false, proves = false, seen }: Creation & Looking = {},
): Promise<Report> {
  const current = await context.stores.keyring.read();
  if (current === undefined && !createKeyring) throw keyringMissing(context);
  if (current !== undefined) assertSameIssuer(context.settings, current.keyring);
  let keyring = current?.keyring ?? newKeyring(context, await writableVersion(context));
  const session: Session = {
    keyring: () => keyring,
    change: async (update) => {
      // What a manager writes is read first.
      keyring = parseKeyring(keyringText(update(keyring)), "the new keyring");
    },
    time: async () => context.clock(),
    check: async () => undefined,
    release: async () => undefined,
  };
  const beyond = current === undefined ? undefined : await readBeyond(context.stores, keyring);
  let view = await readViewWithRetries(context, keyring);
  const adoption = beyond && (await adoptionOf(context, view, beyond, context.clock()));
  if (adoption !== undefined) keyring = adoption.keyring;
  view = { ...view, keyring };
  const adopting: ReportedAction[] =
    beyond === undefined ? [] : [{ kind: "adopt", words: `bring the keyring up to date: ${wordsOf(view.keyring, beyond)}` }];
  const done = [...adopting, ...(await work(session))];
  const doubts = proves ? await doubtStandbys(context, { ...view, keyring }, context.clock()) : [];
  const passedOver = new Set(doubts.map(({ id }) => id));
  view = { ...view, keyring, passedOver };
  seen?.(view);
  const { actions, plan } = simulate(view, context.clock());
  return reportOf(context, keyring, { done: [...done, ...actions], plan, alerts: doubts.map(({ words }) => words) });
}
