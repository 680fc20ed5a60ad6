import type { PublicJwk } from "../../algorithms/jwk.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import { type Action, type ReportedAction, reportedAction } from "../plan/actions.js";
import { type Plan, plan } from "../plan/planner.js";
import { withoutKey, withRecord } from "../plan/records.js";
import { confirmed, discarded, freed, promised, readBack } from "../plan/transitions.js";
import { isInJwks, recordById, type View } from "../plan/view.js";
import type { Wait } from "../plan/wait-reasons.js";
import { documentsOf } from "../steps/publish.js";

/** What would be done, as far as it can be told. */
export interface Simulation {
  readonly actions: readonly ReportedAction[];
  readonly plan: Plan;
  /** What would be read afterwards. */
  readonly view: View;
}

const MAX_ACTIONS = 40;

/** Names keys that are not made yet. */
export function imaginedNames(): () => string {
  let count = 0;
  return () => `new key ${++count}`;
}

/**
 * Plays a plan through on paper: each action is taken to succeed at once, and nothing is read or written.
 *
 * @param nextName names the keys that would be made
 */
export function simulate(first: View, now: number, nextName: () => string = imaginedNames()): Simulation {
  const actions: ReportedAction[] = [];
  const warnings: Wait[] = [];
  let view: View = { ...first, patient: true };
  for (;;) {
    const next = plan(view, view.keyring.policy, now);
    // What a proof finds cannot be told without it.
    const action = next.actions.find(({ kind }) => kind !== "prove");
    if (action === undefined || actions.length === MAX_ACTIONS) {
      return { actions, plan: { ...next, waits: [...warnings, ...next.waits] }, view };
    }
    if (action.kind === "activate") warnings.push(...next.waits.filter(({ rule }) => rule === "young_standby"));
    actions.push(reportedAction(action, view.keyring));
    view = after(view, action, now, nextName);
  }
}

function after(view: View, action: Action, now: number, nextName: () => string): View {
  const { keyring, documents } = view;
  switch (action.kind) {
    case "make":
      return { ...view, keyring: { ...keyring, keys: [...keyring.keys, imagined(view, now, nextName())] } };
    case "finish-making":
      return { ...view, keyring: withRecord(keyring, action.id, (key) => finished(key, now)) };
    case "abandon":
      return { ...view, keyring: withoutKey(keyring, action.id) };
    case "publish": {
      const isNew = (key: KeyRecord): boolean => key.publishedAt === undefined || !isInJwks(key, view.published);
      const keys = keyring.keys.map((key) => (key.state === "pending" && isNew(key) ? { ...key, publishedAt: now } : key));
      return { ...view, keyring: { ...keyring, keys }, published: { ...documentsOf(keyring), tag: "imagined" } };
    }
    case "activate": {
      const key = recordById(keyring, action.id) as KeyRecord;
      const { sequence } = action;
      const kid = key.publicJwk?.kid as string;
      const document = { sequence, kid, alg: key.alg, maxTtlSeconds: keyring.policy.maxTtlSeconds, material: { file: key.id } };
      return { ...view, keyring: readBack(promised(keyring, action, now), now), documents: [document, ...documents] };
    }
    case "confirm":
      return { ...view, keyring: confirmed(readBack(keyring, now), now) };
    case "delete-document": {
      const left = documents.filter((document) => document.sequence !== action.sequence);
      return { ...view, documents: left, keyring: freed(keyring, action.sequence, now) };
    }
    case "discard":
      return { ...view, keyring: discarded(keyring, action.id) };
    case "remove":
      return { ...view, keyring: withoutKey(keyring, action.id) };
    case "sweep":
      return { ...view, keyring: { ...keyring, sweptAt: now } };
    case "prove":
      return view;
    case "reread":
      return { ...view, patient: true };
  }
}

function imagined({ keyring: { policy } }: View, now: number, id: string): KeyRecord {
  const { algorithm: alg, custody } = policy;
  const record: KeyRecord = { id, state: "creating", alg, custody, origin: "created", creatingAt: now };
  return finished(record, now);
}

function finished(record: KeyRecord, now: number): KeyRecord {
  const publicJwk: PublicJwk = record.publicJwk ?? { kty: "OKP", use: "sig", alg: record.alg, kid: record.id };
  return { ...record, state: "pending", pendingAt: now, publicJwk };
}
