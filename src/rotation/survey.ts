import type { SignetError } from "../errors.js";
import { type Keyring, recordByKid } from "../keyring/keyring.js";
import { dryRun } from "./dry-run.js";
import { type Explanation, explanationsOf } from "./forecast/explain.js";
import { forecast } from "./forecast/forecast.js";
import { type KeyLives, livesOf } from "./forecast/key-lives.js";
import { simulate } from "./forecast/simulate.js";
import type { ReportedAction } from "./plan/actions.js";
import { plan } from "./plan/planner.js";
import { type DocumentState, documentState, isPublished, type View } from "./plan/view.js";
import { asVerifiersSee, forgiving, readAtOnce, readLog, settled, type Unread } from "./reading.js";
import { type Report, reportOf } from "./report.js";
import { type Context, existingKeyring } from "./session/context.js";
import type { ReadLog } from "./session/read-log.js";
import { readView } from "./session/read-view.js";
import { isAbandoned } from "./session/session.js";
import { requestRotation } from "./steps/request-rotation.js";
import { recordRevocation } from "./steps/revoke.js";

export type { ReadLog } from "./session/read-log.js";

/** How an issuer's keys stand, of one moment. */
export interface Survey {
  /** When it was read, as NumericDate. */
  readonly now: number;
  /** A standby that the JWKS lacks is in it as one that was not published yet. */
  readonly keyring: Keyring;
  /** Why each key is where it is, in the keyring's order. */
  readonly explanations: readonly Explanation[];
  readonly lives: KeyLives;
  /** What waits, what is in the way, and what a tick would do now. */
  readonly report: Report;
  /** Whether verifiers read what the keyring says. */
  readonly isPublished: boolean;
  readonly document: DocumentState;
  /** The kid that the active document names; `null` where there is none. */
  readonly named: string | null;
  /** What could not be read, and is taken to be as the keyring says. */
  readonly unread: Unread & { readonly log: SignetError | undefined };
  /** `undefined` where it could not be read. */
  readonly log: ReadLog | undefined;
  /** True where managers wrote all the while, so that what was read may be of different moments. */
  readonly isMoving: boolean;
  /** True where a manager is at work that lives, for all that is known. */
  readonly isAtWork: boolean;
}

/** An audit log, read with the keyring that it belongs to. */
export interface LogReading {
  readonly log: ReadLog;
  /** True where managers wrote all the while: a fault may be none. */
  readonly isMoving: boolean;
}

/** A change of which the consequences are asked: a rotation, also to a key that was uploaded, or the revocation of a key. */
export type ImaginedChange = { readonly rotate: { readonly uploaded?: string | undefined } } | { readonly revoke: string };

/**
 * Reads how the keys stand. No key is opened, and nothing is written. A source that cannot be read is named, and takes nothing else with it.
 *
 * @param known the log as it was read before
 * @throws SignetError `keyring_missing`, and why the keyring cannot be read
 */
export async function survey(context: Context, known?: ReadLog): Promise<Survey> {
  const { keyring, read, isMoving } = await readAtOnce(context, async (present) => {
    const { context: reads, unread } = forgiving(context, async () => present);
    const [view, log] = await Promise.all([readView(reads, present), settled(readLog(context, present, known))]);
    return { view: asVerifiersSee(view), log: log.answer, unread: { ...unread, log: log.failure } };
  });
  const { view, log, unread } = read;
  const now = context.clock();
  const current = plan(view, keyring.policy, now);
  return Object.freeze({
    now,
    keyring: view.keyring,
    explanations: explanationsOf(view, current, now),
    lives: livesOf(view.keyring, forecast(view, now), (log ?? known)?.history ?? [], now),
    report: reportOf(context, keyring, { done: [], plan: current }),
    isPublished: isPublished(view),
    document: documentState(view),
    named: view.documents[0]?.kid ?? null,
    unread,
    log,
    isMoving,
    isAtWork: isMoving || (keyring.lease !== null && !(await isAbandoned(context, keyring))),
  });
}

/** Reads the audit log, and nothing but the keyring beside it. @param known the log as it was read before */
export async function logReading(context: Context, known?: ReadLog): Promise<LogReading> {
  const { read: log, isMoving } = await readAtOnce(context, (keyring) => readLog(context, keyring, known));
  return { log, isMoving };
}

/**
 * The lives of the keys as they would be after a change. No key is opened, and nothing is written.
 *
 * @param actions what the change would do, by the dry run of the manager that would carry it out: it has tried the keys
 * @param history the log's, for the lives of keys that are gone
 * @returns `null` where another key than that manager's takes over on paper
 * @throws SignetError as the change itself, where it would be refused
 */
export async function livesAfter(
  given: Context,
  change: ImaginedChange,
  actions: readonly Pick<ReportedAction, "kind" | "kid">[],
  { history }: Pick<ReadLog, "history">,
): Promise<KeyLives | null> {
  // What is not there stays so: nothing is waited for to draw a picture.
  const { context } = forgiving({ ...given, sleep: async () => undefined }, () => existingKeyring(given));
  const now = context.clock();
  let after: View | undefined;
  await dryRun(
    context,
    async (session) => {
      if ("revoke" in change) await recordRevocation(session, { kid: change.revoke });
      else await requestRotation(session, { uploaded: change.rotate.uploaded });
      return [];
    },
    {
      proves: "none",
      seen: (view) => {
        after = asVerifiersSee(view);
      },
    },
  );
  const view = after && withSuccessor(after, successorIn(actions), now);
  return view === undefined ? null : livesOf(view.keyring, forecast(view, now), history, now);
}

function successorIn(actions: readonly Pick<ReportedAction, "kind" | "kid">[]): string | undefined {
  return actions.findLast(({ kind }) => kind === "activate")?.kid;
}

/** The view in which a key takes over: those that come before it were not proven. `undefined` where there is none. */
function withSuccessor(first: View, successor: string | undefined, now: number): View | undefined {
  const passedOver = new Set<string>();
  for (;;) {
    const view = { ...first, passedOver };
    const chosen = successorIn(simulate(view, now).actions);
    if (chosen === successor) return view;
    const record = chosen === undefined ? undefined : recordByKid(view.keyring, chosen);
    if (record === undefined || passedOver.has(record.id)) return undefined;
    passedOver.add(record.id);
  }
}
