import { asArgument } from "../../encoding/shell-argument.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import type { Plan } from "../plan/planner.js";
import { removableAt, retentionSeconds } from "../plan/policy.js";
import { dueAt } from "../plan/situation.js";
import { isUploaded, matches, plannedSuccessors, publishedStandbys, signsFrom } from "../plan/successor.js";
import { nameOf, type View } from "../plan/view.js";
import { timeInWords } from "../plan/wait-reasons.js";

/** Where a key is in its life, why, and when it moves next. */
export interface Explanation {
  readonly kid: string;
  readonly state: KeyRecord["state"];
  /** One or two sentences. */
  readonly words: string;
  /** When it moves next by itself; `null` where it does not, or not at a known time. */
  readonly nextAt: number | null;
}

/** Says for each key why it is where it is and when it moves next. */
export function explanationsOf(view: View, current: Plan, now: number): readonly Explanation[] {
  const halt = current.waits.find(({ rule }) => rule === "clock_behind" || rule === "document_foreign");
  return view.keyring.keys.map((key) => {
    const { words, nextAt } = explanationOf(key, view, now);
    const own = current.waits.find(({ kid, rule }) => kid === nameOf(key) && rule !== "tokens_alive" && rule !== "publish_ahead");
    const why = halt ?? (key.state === "active" ? own : undefined);
    const more = why === undefined ? "" : ` But ${why.words}.`;
    return {
      kid: nameOf(key),
      state: key.state,
      words: words + (why === undefined || why.rule === "not_due" ? "" : more),
      nextAt,
    };
  });
}

function explanationOf(key: KeyRecord, view: View, now: number): { words: string; nextAt: number | null } {
  switch (key.state) {
    case "creating":
      return { words: "It is intended, and its custodian has not reported it yet: the next tick finishes it.", nextAt: now };
    case "pending":
      return pendingKey(key, view, now);
    case "active":
      return activeKey(key, view);
    case "retired":
      return retiredKey(key, view);
    case "revoked":
      return { words: `It was revoked${reasonOf(key)}; the next tick destroys it once its successor is certain.`, nextAt: now };
  }
}

function pendingKey(key: KeyRecord, { keyring }: View, now: number): { words: string; nextAt: number | null } {
  const { policy, activation } = keyring;
  if (activation?.id === key.id)
    return { words: "It is being activated: its active document is not confirmed yet.", nextAt: now };
  if (key.materialLostAt !== undefined) return { words: "Its private part is missing: it is given up.", nextAt: now };
  if (key.unprovenAt !== undefined)
    return {
      words: `It could not be proven since ${timeInWords(key.unprovenAt)}, and is passed over until it is; each tick tries again.`,
      nextAt: null,
    };
  if (key.publishedAt === undefined)
    return { words: "It is made, and not seen in the JWKS yet: the next tick publishes it.", nextAt: now };
  const ready = signsFrom(keyring, key);
  const kind = matches(key, policy) ? "It is a standby" : "It is a standby of an algorithm or custody that was given up";
  const since = `${kind}, published since ${timeInWords(key.publishedAt)}`;
  if (policy.byUpload === true && !isUploaded(keyring, key))
    return {
      words: `${since}; it waits until you say that it was uploaded: \`signet keys rotate --uploaded ${asArgument(nameOf(key))}\`.`,
      nextAt: null,
    };
  if (ready > now)
    return { words: `${since}; it may sign from ${timeInWords(ready)}, when every verifier has it.`, nextAt: ready };
  return { words: `${since}: verifiers have it, and it can take over at any time.`, nextAt: null };
}

function activeKey(key: KeyRecord, { keyring }: View): { words: string; nextAt: number | null } {
  const since = key.activatedAt === undefined ? "" : ` since ${timeInWords(key.activatedAt)}`;
  if (key.revokedAt !== undefined)
    return { words: `It signs${since}, but was revoked${reasonOf(key)}: its successor takes over.`, nextAt: null };
  if (keyring.policy.byUpload === true)
    return { words: `It signs${since}, until a key takes over that you have uploaded.`, nextAt: null };
  const due = dueAt(key, keyring.policy);
  if (keyring.rotationRequest !== null) {
    const successors = plannedSuccessors(publishedStandbys(keyring), keyring.policy);
    const at = successionAt(successors.map((other) => signsFrom(keyring, other)));
    const when = at === null ? "as soon as two standbys have been published for long enough" : `at ${timeInWords(at)}`;
    return { words: `It signs${since}; a rotation was asked for and takes place ${when}.`, nextAt: at };
  }
  if (due === null) return { words: `It signs${since}, until it is rotated by hand.`, nextAt: null };
  return { words: `It signs${since}, until ${timeInWords(due)} by the policy.`, nextAt: due };
}

function successionAt(ready: readonly number[]): number | null {
  const second = ready.filter(Number.isFinite).sort((a, b) => a - b)[1];
  return second ?? null;
}

function retiredKey(key: KeyRecord, { keyring }: View): { words: string; nextAt: number | null } {
  const since = key.retiredAt === undefined ? "" : ` since ${timeInWords(key.retiredAt)}`;
  const at = removableAt(key, keyring.policy);
  if (at === null || at === undefined) {
    const why = key.origin === "created" ? "it signed tokens without expiry" : "it was imported, and its tokens are unknown";
    return {
      words: `It is retired${since}, and stays: ${why}. Say when its last token ends (--tokens-expire-by).`,
      nextAt: null,
    };
  }
  const kept =
    key.origin === "foreign"
      ? "its issuer's tokens"
      : `tokens of up to ${retentionSeconds(key, keyring.policy)} s, margins included,`;
  return { words: `It is retired${since}; ${kept} may be accepted until ${timeInWords(at)}, when it is removed.`, nextAt: at };
}

function reasonOf({ reason }: KeyRecord): string {
  return reason === undefined ? "" : ` (${reason})`;
}
