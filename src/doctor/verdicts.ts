import { ISSUER_PARTIES } from "../relying-parties/index.js";
import { ruleValue } from "../relying-parties/notation.js";
import type { Basis, PartyKind, RelyingParty } from "../relying-parties/relying-party.js";
import { rulesInWords } from "../relying-parties/words.js";
import { isJudged, shown } from "./checks.js";
import type { Evidence } from "./evidence.js";
import { keyReasons } from "./judge-keys.js";
import { tokenReasons } from "./judge-token.js";

/** Whether a verifier can verify an issuer's tokens. `partly`: those of some of its keys. `unknown`: it is not documented. */
type Answer = "yes" | "partly" | "no" | "unknown";

/** What one party makes of an issuer. */
export interface Verdict {
  readonly verifier: string;
  readonly id: string;
  readonly kind: PartyKind;
  readonly answer: Answer;
  /** Why not, or what is to be done. */
  readonly reasons: readonly string[];
  /** The rules of it that are not known, by their names: none of them was judged. */
  readonly notKnown: readonly string[];
  /** Where the rule for its algorithms comes from; where there is none, that for how it finds keys. */
  readonly source: string;
  readonly checked: string;
  readonly basis: Basis;
}

type Judgement = Pick<Verdict, "answer" | "reasons">;

/** Whether a verifier fails for the algorithm. */
export function isForAlgorithm({ reasons }: Verdict): boolean {
  return reasons.some((reason) => reason.startsWith(DOES_NOT_KNOW));
}

const DOES_NOT_KNOW = "it does not know";

/**
 * Asks for each party whether it can verify this issuer's tokens, or the sample token where there is one.
 *
 * @param parties default: those that take tokens of an issuer with a URL
 */
export function verdictsOf(evidence: Evidence, parties: readonly RelyingParty[] = ISSUER_PARTIES): readonly Verdict[] {
  return parties.map((party) => {
    const { name: verifier, id, kind, algorithms, ways } = party;
    const judge = kind === "self-signed" ? selfSignedVerdict : verdictOf;
    const { source, checked, basis } = algorithms.basis === "?" ? ways[0].by : algorithms;
    const notKnown = rulesInWords(party).flatMap((each) => (each.value === "?" ? each.name : []));
    return { verifier, id, kind, ...judge(party, evidence), notKnown, source, checked, basis };
  });
}

function verdictOf(party: RelyingParty, evidence: Evidence): Judgement {
  const keys = keyReasons(party, evidence);
  const token = sampleReasons(party, evidence);
  const against = [...keys.against, ...token.against];
  const { answer, reasons } = algorithmVerdict(party, evidence, evidence.token?.verified?.header.alg);
  if (against.length > 0) return { answer: "no", reasons: [...against, ...reasons] };
  const more = answer === "no" ? [] : [...algReasons(party, evidence), ...keys.notes, ...token.notes, ...noteOf(party)];
  return { answer, reasons: [...reasons, ...more] };
}

/** Its keys are elsewhere: nothing but the token can be judged. */
function selfSignedVerdict(party: RelyingParty, evidence: Evidence): Judgement {
  const { read } = evidence.token ?? {};
  if (evidence.token === undefined)
    return { answer: "unknown", reasons: ["its keys are not found by URL: only a token is judged, which --token gives"] };
  // Of an issuer of this machine's the signature was verified as well.
  const isRefused = evidence.hasNoUrl === true && evidence.token.verified === undefined;
  if (read === undefined || isRefused) return { answer: "no", reasons: ["the sample token is refused"] };
  const { against, notes } = tokenReasons(party, read, evidence);
  const { answer, reasons } = algorithmVerdict(party, evidence, read.header.alg ?? "none");
  if (against.length > 0) return { answer: "no", reasons: [...against, ...reasons] };
  const only = "its keys are not found by URL: the token alone was judged, and not its signature";
  const scope = evidence.hasNoUrl === true ? [] : [only];
  return { answer, reasons: [...reasons, ...scope, ...(answer === "no" ? [] : [...notes, ...noteOf(party)])] };
}

function sampleReasons(party: RelyingParty, evidence: Evidence): ReturnType<typeof tokenReasons> {
  const { verified, read } = evidence.token ?? {};
  // One that is for another kind of party says nothing of an issuer's.
  if (evidence.token === undefined || evidence.token.isSelfSigned === true) return { against: [], notes: [] };
  if (verified === undefined || read === undefined) return { against: ["the sample token is refused"], notes: [] };
  return tokenReasons(party, read, evidence);
}

function noteOf({ note }: RelyingParty): readonly string[] {
  return note === undefined ? [] : [note];
}

// An RSA key can sign six algorithms, a key of the other types one.
function algReasons({ keysWithoutAlg }: RelyingParty, { keys }: Evidence): readonly string[] {
  const { words = "nothing is documented", ofAll = false } = ruleValue(keysWithoutAlg) ?? {};
  const open = keys.filter((key) => isJudged(key) && !key.namesAlgorithm);
  return open.some(({ kty }) => kty === "RSA" || ofAll) ? [`of keys without alg ${words}`] : [];
}

function algorithmVerdict(party: RelyingParty, { keys }: Evidence, signing: unknown): Judgement {
  const [algorithms, optIn] = [ruleValue(party.algorithms), ruleValue(party.optIn)];
  const sets = signing === undefined ? keys.filter(isJudged).map((key) => key.algorithms) : [[shown(signing)]];
  const all = [...new Set(sets.flat())];
  if (algorithms === undefined) return { answer: "unknown", reasons: [] };
  const knows = (set: readonly string[], list: readonly string[]) => set.some((alg) => list.includes(alg));
  const known = sets.filter((set) => knows(set, algorithms));
  if (known.length === sets.length) return { answer: "yes", reasons: [] };
  if (optIn !== undefined && optIn !== null && sets.every((set) => knows(set, optIn.algorithms))) {
    return { answer: "yes", reasons: [`with ${optIn.by}`] };
  }
  const unknown = all.filter((alg) => !algorithms.includes(alg)).map(shown);
  const reasons = [`${DOES_NOT_KNOW} ${unknown.join(", ")}; it takes ${algorithms.join(", ")}`];
  return { answer: known.length > 0 ? "partly" : "no", reasons };
}
