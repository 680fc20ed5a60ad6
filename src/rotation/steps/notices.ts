import { createHash } from "node:crypto";
import { type PublicJwk, publicKeyFromJwk } from "../../algorithms/jwk.js";
import { isSignetError } from "../../errors.js";
import { activeRecord, type Keyring } from "../../keyring/keyring.js";
import type { AuditEntry } from "../plan/audit-entry.js";
import { dueAt } from "../plan/situation.js";
import { isUploaded, nextKeys, readyAt, signsFrom } from "../plan/successor.js";
import { RULES, type Wait } from "../plan/wait-reasons.js";
import { readHistory } from "../session/audit.js";
import type { Context } from "../session/context.js";
import type { Notice } from "../session/notice.js";
import type { Session } from "../session/session.js";

/**
 * Whether a change was not told yet. The audit log is the outbox: the keyring remembers up to where it was sent, so a crash between
 * a change and its notice loses none, and one between the notice and the record of it sends the same `id` again.
 */
export function hasUnsent({ notify }: Context, { audit, noticed }: Keyring): boolean {
  return notify !== undefined && noticed !== undefined && noticed < audit.count;
}

/**
 * Sends a notice of every change that has none yet, the oldest first. What is not accepted waits for the next run; no key waits for it.
 *
 * @param countBefore how many entries there were when the run began: where nothing was ever told, those are history
 * @returns what could not be sent; empty where everything was
 */
export async function tellChanges(context: Context, session: Session, countBefore: number): Promise<readonly Wait[]> {
  const { notify, stores, onStep } = context;
  const keyring = session.keyring();
  const from = keyring.noticed ?? countBefore;
  if (notify === undefined || (keyring.noticed !== undefined && from >= keyring.audit.count)) return [];
  let sent = from;
  const record = async () => {
    if (sent !== session.keyring().noticed) await session.change((current) => ({ ...current, noticed: sent }));
  };
  try {
    for (const entry of await readHistory(stores, keyring, from)) {
      await notify(noticeOf(keyring, entry));
      sent = entry.number;
    }
    await record();
    return [];
  } catch (error) {
    await record().catch(() => undefined);
    const why = isSignetError(error) ? error.message : "something unexpected failed";
    const words = `a notice could not be sent, the next run sends it again: ${why}`;
    onStep({ action: "notice", words });
    return [{ rule: "notices_unsent", until: null, words: `${words} (${RULES.notices_unsent})` }];
  }
}

/** The same after a failure, of what was changed before it; a request that was refused has changed nothing. */
export async function tellChangesBefore(context: Context, session: Session, countBefore: number): Promise<void> {
  if (session.keyring().audit.count > countBefore) await tellChanges(context, session, countBefore);
}

function noticeOf(keyring: Keyring, { number, at, event, keys, why }: AuditEntry): Notice {
  return {
    id: createHash("sha256")
      .update(JSON.stringify([keyring.issuer, number, at, event, keys, why]))
      .digest("hex"),
    issuer: keyring.issuer,
    change: { number, at, event, ...(keys !== undefined && { keys }), ...(why !== undefined && { why }) },
    signs: activeRecord(keyring)?.publicJwk?.kid ?? null,
    next: nextOf(keyring),
    keys: keyring.keys.flatMap(({ publicJwk, state, alg }) => {
      if (publicJwk === undefined || state === "revoked" || state === "creating") return [];
      return [{ kid: publicJwk.kid, alg, state, ...pemOf(publicJwk) }];
    }),
  };
}

// A key of an algorithm that this Node lacks keeps no notice from being sent.
function pemOf(publicJwk: PublicJwk): { readonly pem?: string } {
  try {
    return { pem: publicKeyFromJwk(publicJwk).export({ format: "pem", type: "spki" }).toString() };
  } catch {
    return {};
  }
}

function nextOf(keyring: Keyring): Notice["next"] {
  const { policy, rotationRequest } = keyring;
  const active = activeRecord(keyring);
  const [first, second] = nextKeys(keyring);
  if (first?.publicJwk === undefined) return null;
  const { kid } = first.publicJwk;
  if (policy.byUpload === true) return { kid, at: isUploaded(keyring, first) ? signsFrom(keyring, first) : null };
  // A rotation uses up a standby, so it waits until another one is old enough as well.
  if (rotationRequest !== null && second !== undefined) return { kid, at: readyAt(second, policy) };
  const due = active === undefined ? null : dueAt(active, policy);
  return { kid, at: due === null ? null : Math.max(due, readyAt(first, policy)) };
}
