import { SignetError } from "../../errors.js";
import type { Keyring } from "../../keyring/keyring.js";
import type { ReportedAction } from "../plan/actions.js";
import type { View } from "../plan/view.js";
import type { Context } from "../session/context.js";
import { type LogBeyond, readBeyond } from "../session/log-beyond.js";
import { readView } from "../session/read-view.js";
import type { Session } from "../session/session.js";
import { type Adoption, adopted } from "./adopt.js";
import { gatherEvidence } from "./evidence.js";
import { alertsOf } from "./planted.js";

/** What adopting has done; empty where the keyring was the newest. */
export interface Adopted {
  readonly done: readonly ReportedAction[];
  readonly alerts: readonly string[];
}

const NOTHING: Adopted = { done: [], alerts: [] };

/**
 * Where an old keyring was put back, brings it up to what is true, before anything else is done: the active document says who signs, the
 * audit log what became of the other keys. Nothing is destroyed.
 *
 * @param how `byHand`: a person has seen what is wrong, and wants it repaired; `altered`: also where the last line alone is another one
 * @throws SignetError `keyring_old` where the log does not continue the keyring's chain, or nothing shows which of our keys signs
 */
export async function adoptPutBack(
  context: Context,
  session: Session,
  { byHand = false, altered = true } = {},
): Promise<Adopted> {
  const beyond = await readBeyond(context.stores, session.keyring());
  if (beyond === undefined) return NOTHING;
  const isLastAlone = !beyond.isIntact && beyond.last.count === session.keyring().audit.count;
  if (isLastAlone && !altered) return NOTHING;
  // Seen, and confirmed: no other manager has written since, so the log is ahead of the newest keyring that there is.
  await session.check();
  assertContinued(session.keyring(), beyond, byHand);
  context.onStep({ action: "adopt", words: `${wordsOf(session.keyring(), beyond)}: it is brought up to date` });
  const view = await settledView(context, session.keyring());
  const { keyring, strangers } = await adoptionOver(context, view, beyond, await session.time());
  const counts = `the keyring of entry ${session.keyring().audit.count}, over entry ${beyond.last.count}`;
  const note = { event: "keyring.put-back", why: counts } as const;
  await session.change(({ lease, leases }) => ({ ...keyring, lease, leases }), note, beyond.last);
  return {
    done: [{ kind: "adopt", words: `bring a keyring up to date that was put back: ${counts}` }],
    alerts: alertsOf(strangers),
  };
}

/** Works out what would be adopted; `undefined` where nothing shows which of our keys signs. */
export async function adoptionOf(
  context: Context,
  view: View,
  beyond: LogBeyond | undefined,
  now: number,
): Promise<Adoption | undefined> {
  const { maxTtlSeconds, policy } = context.settings;
  const { activeKeyMaxAgeSeconds } = policy;
  return adopted(await gatherEvidence(context, view, beyond), { maxTtlSeconds, activeKeyMaxAgeSeconds }, now);
}

/**
 * The same, where it has to be.
 *
 * @throws SignetError `keyring_old` where nothing shows which of our keys signs
 */
export async function adoptionOver(context: Context, view: View, beyond: LogBeyond, now: number): Promise<Adoption> {
  const adoption = await adoptionOf(context, view, beyond, now);
  if (adoption !== undefined) return adoption;
  throw keyringOld(`${wordsOf(view.keyring, beyond)}, and nothing shows which of its keys signs`);
}

/** @throws SignetError `keyring_old` where the log does not continue the keyring's chain, and no person has seen that */
export function assertContinued(keyring: Keyring, beyond: LogBeyond, byHand: boolean): void {
  if (beyond.isIntact || byHand) return;
  throw keyringOld(`${wordsOf(keyring, beyond)}, and the log does not continue its chain`);
}

/** What is wrong, in words. */
export function wordsOf({ audit }: Keyring, { last }: LogBeyond): string {
  return `an old keyring was put back (it ends at entry ${audit.count}, the audit log at ${last.count})`;
}

function keyringOld(what: string): SignetError {
  return new SignetError(
    "keyring_old",
    `${what}, so nothing was changed: \`signet keys repair\` shows what would be done, \`signet keys repair --yes\` does it; or restore the ` +
      "newest keyring",
  );
}

// A document that was written just now is seen by every reader once the store has settled.
async function settledView(context: Context, keyring: Keyring): Promise<View> {
  const before = await readView(context, keyring);
  if (before.settleSeconds === 0) return before;
  context.onStep({ action: "wait", words: `every reader sees the same active document in ${before.settleSeconds} s` });
  await context.sleep(before.settleSeconds);
  const after = await readView(context, keyring);
  if (JSON.stringify(after.documents[0]) === JSON.stringify(before.documents[0])) return after;
  throw new SignetError(
    "active_key_stale",
    "the active document changed while an old keyring was being brought up to date: try again",
  );
}
