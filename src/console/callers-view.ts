import { fromNow } from "../encoding/times-in-words.js";
import { presentSeconds } from "../issue/issuer.js";
import { limitsInForce } from "../operator/caller-limits.js";
import { oldKeysOf, proofsInWords, secretsInWords } from "../operator/caller-proof-words.js";
import type { ListedCaller } from "../operator/callers.js";
import { RIGHTS } from "../settings/callers.js";
import type { CallersView, CallerView } from "./contract.js";
import type { CallersAtHand, IssuerAtHand } from "./issuer-at-hand.js";

/** Who may ask for tokens, by what each is proven, and the limits in force for each. */
export async function callersView(issuer: IssuerAtHand): Promise<CallersView> {
  const [{ config }, found] = await Promise.all([issuer.installation(), issuer.callersInUse()]);
  const now = presentSeconds();
  const viewOf = (caller: ListedCaller): CallerView => ({
    name: caller.name,
    proofs: [...secretsInWords(caller, now).map((words) => `a secret, ${words}`), ...proofsInWords(caller, now)],
    lastUse: found.uses.get(caller.name) ?? null,
    lastUseWords: useInWords(caller.name, found, now),
    may: caller.may ?? RIGHTS,
    limits: limitsInForce(config.limits, caller.limits),
  });
  return {
    callers: found.callers.map(viewOf),
    doubts: [...found.doubts, ...found.callers.flatMap((caller) => oldKeysOf(caller, now))],
    usesUnknown: found.failure,
  };
}

function useInWords(name: string, { uses, unknown, span }: CallersAtHand, now: number): string {
  const at = uses.get(name);
  if (at !== undefined) return fromNow(at, now);
  return unknown.has(name) ? "not known" : `not${span === "" ? " yet" : span}`;
}
