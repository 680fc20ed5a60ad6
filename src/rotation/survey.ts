import { isSignetError } from "../errors.js";
import type { ActiveDocument } from "../keyring/active-document.js";
import { activeRecord, type Keyring } from "../keyring/keyring.js";
import type { Stores } from "../storage/contract.js";
import { dryRun } from "./dry-run.js";
import { type Explanation, explanationsOf } from "./forecast/explain.js";
import { forecast } from "./forecast/forecast.js";
import { type KeyLives, livesOf } from "./forecast/key-lives.js";
import type { AuditEntry } from "./plan/audit-entry.js";
import { plan } from "./plan/planner.js";
import { type DocumentState, documentState, isPublished } from "./plan/view.js";
import { type Report, reportOf } from "./report.js";
import { type AuditVerdict, readHistory, verifyAudit } from "./session/audit.js";
import { type Context, existingKeyring } from "./session/context.js";
import { readView } from "./session/read-view.js";
import { requestRotation } from "./steps/request-rotation.js";
import { recordRevocation } from "./steps/revoke.js";

/** How an issuer's keys stand, of one reading. */
export interface Survey {
  /** When it was read, as NumericDate. */
  readonly now: number;
  readonly keyring: Keyring;
  /** Why each key is where it is, in the keyring's order. */
  readonly explanations: readonly Explanation[];
  readonly lives: KeyLives;
  /** What waits, what is in the way, and what a tick would do now. */
  readonly report: Report;
  /** Whether verifiers read what the keyring says. */
  readonly isPublished: boolean;
  readonly document: DocumentState;
  /** Why the active document was not read, and is taken to be as the keyring says; `null` where it was. */
  readonly unreadDocument: string | null;
  readonly log: ReadLog;
}

/** The audit log as it was read. */
export interface ReadLog {
  readonly history: readonly AuditEntry[];
  readonly verdict: AuditVerdict;
}

/** A change of which the consequences are asked: a rotation, also to a key that was uploaded, or the revocation of a key. */
export type ImaginedChange = { readonly rotate: { readonly uploaded?: string | undefined } } | { readonly revoke: string };

/**
 * Reads how the keys stand. No key is opened, and nothing is written.
 *
 * @param known the log as it was read before: what was whole is not read again while the keyring has the same head
 */
export async function survey(given: Context, known?: ReadLog): Promise<Survey> {
  const { context, unread } = withoutPrivateKeys(given);
  const keyring = await existingKeyring(context);
  const view = await readView(context, keyring);
  const now = context.clock();
  const current = plan(view, keyring.policy, now);
  const isKnown = known?.verdict.isIntact === true && known.verdict.head === keyring.audit.head;
  const log = isKnown ? known : await readLog(context.stores, keyring);
  return Object.freeze({
    now,
    keyring,
    explanations: explanationsOf(view, current, now),
    lives: livesOf(keyring, forecast(view, now), log.history, now),
    report: reportOf(context, keyring, { done: [], plan: current }),
    isPublished: isPublished(view),
    document: documentState(view),
    unreadDocument: unread(),
    log,
  });
}

/**
 * The lives of the keys as they would be after a change. No key is opened, and nothing is written.
 *
 * @throws SignetError as the change itself, where it would be refused
 */
export async function livesAfter(given: Context, change: ImaginedChange): Promise<KeyLives> {
  const { context } = withoutPrivateKeys(given);
  const now = context.clock();
  let after: Keyring | undefined;
  await dryRun(context, async (session) => {
    if ("revoke" in change) await recordRevocation(session, { kid: change.revoke });
    else await requestRotation(session, { uploaded: change.rotate.uploaded });
    after = session.keyring();
    return [];
  });
  const view = await readView(context, after as Keyring);
  return livesOf(view.keyring, forecast(view, now), await readHistory(context.stores, view.keyring), now);
}

/**
 * A context whose active documents are taken to be as the keyring says where they may not be read: where they hold private keys, who looks
 * after an issuer need not have the right to sign for it.
 */
function withoutPrivateKeys(context: Context): { readonly context: Context; readonly unread: () => string | null } {
  const { stores } = context;
  let unread: string | null = null;
  const read = async (): Promise<readonly ActiveDocument[]> => {
    try {
      return await stores.active.read();
    } catch (error) {
      if (!isSignetError(error, "aws_access_denied")) throw error;
      unread = error.message;
      return documentsBy(await existingKeyring(context));
    }
  };
  return { context: { ...context, stores: { ...stores, active: { ...stores.active, read } } }, unread: () => unread };
}

function documentsBy(keyring: Keyring): readonly ActiveDocument[] {
  const { confirmedSequence: sequence, policy } = keyring;
  const active = activeRecord(keyring);
  if (active?.publicJwk === undefined) return [];
  const { kid } = active.publicJwk;
  return [{ sequence, kid, alg: active.alg, maxTtlSeconds: policy.maxTtlSeconds, material: {} }];
}

/** Reads the log once for both that ask of it. */
async function readLog({ audit }: Stores, keyring: Keyring): Promise<ReadLog> {
  const lines: string[] = [];
  for await (const line of audit.read()) lines.push(line);
  const read = async function* (after = 0): AsyncGenerator<string> {
    yield* lines.slice(after);
  };
  const once = { audit: { ...audit, read } };
  return { history: await readHistory(once, keyring), verdict: await verifyAudit(once, keyring) };
}
