/**
 * Every reason for which the planner waits or refuses, by name. The sentence says why the rule exists; what is waited for, and
 * until when, is said by each wait.
 */
export const RULES = {
  clock_behind: "a clock that runs behind would date new keys before old ones and keep or drop keys at the wrong time",
  document_unclear: "an active document that is older than the confirmed one may be a stale read, and nothing is done on a guess",
  document_foreign: "the active document decides who signs, and this one was written by no manager that the keyring knows",
  publish_ahead: "verifiers keep the JWKS for a while: a key that they have not read yet must not sign",
  young_standby: "some still keep a JWKS without it, and may refuse its tokens until they read again",
  second_standby: "a rotation uses up the standby: without another one that is old enough, a revocation would break tokens",
  prepare_later: "a rotation uses up a standby, and verifiers have to know the one after it before",
  not_due: "the policy says how long a key signs",
  overdue: "the policy says how long a key signs, and something has kept its successor away",
  by_hand: "the policy leaves rotation to the operator",
  by_upload: "verifiers have what is uploaded to them, so that a key signs by your word",
  tokens_alive: "a token signed with it may still be accepted somewhere",
  tokens_unknown:
    "only you know when its last token ends (it was imported, or signed without expiry): `signet keys expire` records it",
  activation_under_way: "while it is not certain who signs, no key is taken away",
  settling: "the store may still answer some readers with the old active document",
  made_lately: "what keeps a key from being proven may keep the next one too, so that one is made a day",
  jwks_full: "some verifiers read no more than ten keys",
  places_kept: "the active key and two standbys need three of the ten places in the JWKS",
  no_free_place: "a slot of the active document must rest, because the delete of a manager that slept may still arrive",
  unsearched: "a private key that is not needed may be left there",
  another_place:
    "if that copy still runs, both sign, and each publishes keys that the other one does not know; then stop one of them",
  notices_unsent: "who keeps keys by themselves hears of no change until it is; no key waits for it",
  settings_differ:
    "`signet keys apply` puts them in force; nothing else does, so that two managers with different settings do not flap",
} as const;

/** The name of a rule. */
export type RuleName = keyof typeof RULES;

// Where one of these holds, no tick does anything before an operator has looked.
const BLOCKING: readonly RuleName[] = ["clock_behind", "document_foreign"];
// Something is not as it should be, and no time mends it: `by_hand` and `tokens_unknown` are as an operator has chosen.
const NEEDS_A_PERSON: readonly RuleName[] = [
  ...BLOCKING,
  "overdue",
  "jwks_full",
  "places_kept",
  "another_place",
  "notices_unsent",
  "settings_differ",
];

/** What keeps ticks from doing anything at all, in words; `null` where nothing does. */
export function blockedBy(waits: readonly Wait[]): string | null {
  return waits.find(({ rule }) => BLOCKING.includes(rule))?.words ?? null;
}

/** Whether a person has to do something about a wait. */
export function needsAPerson({ rule, until }: Wait): boolean {
  return until === null && NEEDS_A_PERSON.includes(rule);
}

/** Something that does not happen yet, and why. */
export interface Wait {
  readonly rule: RuleName;
  /** The key in question. */
  readonly kid?: string;
  /** When it may happen; `null` where a person has to do something first. */
  readonly until: number | null;
  /** The whole in one sentence. */
  readonly words: string;
}

/** A NumericDate as people read it. */
export function timeInWords(seconds: number): string {
  return `${new Date(seconds * 1_000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
