import { isSignetError, SignetError, shortened } from "../errors.js";
import type { Callers, KnownCaller } from "../issue/callers.js";
import type { Proof, Proofs, Shown } from "../trust/contract.js";
import { MAX_PROOF_LENGTH } from "../trust/key-set.js";
import { isTokenRefused, toPublicFailure } from "../trust/public-failure.js";
import type { RequestContext, RequestLog } from "./request-context.js";

/** Counts as the use of a proof. @throws SignetError `proof_replayed`; `replay_store_full`, `replay_store_failed` where that cannot be known */
export type Use = () => Promise<void>;

/** A caller that has proven who it is, with the claims that its tokens get from the proof. */
interface ProvenCaller {
  readonly caller: KnownCaller;
  readonly use: Use;
  /** True where its use counts nothing: what is refused after it uses nothing up. */
  readonly isReusable: boolean;
}

/**
 * The caller that a token of another issuer, or one of its own, proves.
 *
 * @param field the parameter that it stood in, for the refusal
 * @throws SignetError `request_too_large`, `issuing_closed`, `proof_refused`, `rate_exceeded`, `jwks_unavailable`: it never says which rule, claim
 *   or issuer it was
 */
export type ProveCaller = (token: string, context: RequestContext, shown?: Shown, field?: string) => Promise<ProvenCaller>;

/** What callers are proven by. */
export interface ProverOptions {
  /** The callers as they are now. */
  readonly callers: () => Callers;
  /** Their proofs as they are now; absent where none can prove itself. */
  readonly proofs?: (() => Proofs) | undefined;
  /**
   * Reads the callers anew for a secret or a proof that is not known, since it may have been made a moment ago; however often it is asked, it
   * does not read more often than it can bear.
   */
  readonly lookAgain?: (() => Promise<void>) | undefined;
  /** Counts a failure of an address, or tries whether it may have one more. @throws SignetError `rate_exceeded` */
  readonly countFailure: (address: string, isTrial?: boolean) => void;
}

/** A proof, and whether the rules that it was judged by are those of now. */
interface Judged {
  readonly proof: Proof;
  readonly isPresent: () => boolean;
}

/** As much of a subject stands in a log, in characters. */
export const MAX_LOGGED = 256;

/** Binds what proves callers. */
export function callerProver({ callers, proofs, lookAgain, countFailure }: ProverOptions): ProveCaller {
  async function inForce(token: string, shown: Shown): Promise<Judged> {
    if (proofs === undefined) throw proofRefused("no caller proves itself");
    return byPresentProofs(proofs, async (present) => {
      const proof = await present.prove(token, shown);
      return { proof, isPresent: () => proofs() === present };
    });
  }

  // Until then a client sends its body, as slowly as it likes.
  async function useOf({ proof, isPresent }: Judged, token: string, shown: Shown): Promise<void> {
    if (isPresent()) return proof.use();
    const now = await inForce(token, shown);
    if (now.proof.caller !== proof.caller) throw proofRefused("it proves another caller now");
    return now.proof.use();
  }

  async function proven(token: string, log: RequestLog, shown: Shown): Promise<ProvenCaller> {
    if (callers().count === 0) throw closed();
    const judged = await inForce(token, shown);
    const { proof } = judged;
    if (proof.caller !== (shown.clientId ?? proof.caller)) throw proofRefused("client_id is not the caller that it proves");
    // Callers of now count as well.
    const caller = callers().named(proof.caller)?.provenBy(proof);
    if (caller === undefined) throw proofRefused("the caller that it proves is not there any more");
    const { rule, issuer, subject } = proof;
    log.caller = caller.name;
    log.proof = { rule, issuer, subject: subject && shortened(subject, MAX_LOGGED) };
    return { caller, use: () => useOf(judged, token, shown), isReusable: proof.isReusable };
  }

  return async (token, context, shown = {}, field) => {
    const { address, log } = context;
    const before = proofs?.();
    const attempt = (): Promise<ProvenCaller> => proven(assertedProof(token, field), log, shown);
    const again = async (error: unknown): Promise<ProvenCaller> => {
      if (lookAgain === undefined || !(isTokenRefused(error) || isSignetError(error, "issuing_closed"))) throw error;
      // For an address that has failed too often there is no look.
      countFailure(address, true);
      await lookAgain();
      if (proofs?.() === before) throw error;
      return attempt();
    };
    try {
      const { caller, use, isReusable } = await attempt().catch(again);
      return { caller, isReusable, use: () => use().catch((error: unknown) => Promise.reject(toPublicFailure(error, field))) };
    } catch (error) {
      // A right one is taken from every address, whatever was shown from there before.
      if (isTokenRefused(error)) countFailure(address);
      throw toPublicFailure(error, field);
    }
  };
}

const MAX_JUDGEMENTS = 3;

/**
 * Judges by the proofs of now. Keys may have to be fetched for seconds, and what an edit has taken away meanwhile proves nothing any more.
 *
 * @throws what `judge` throws, of proofs that are still in force
 */
export async function byPresentProofs<T>(proofs: () => Proofs, judge: (present: Proofs) => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    const present = proofs();
    const isOver = (): boolean => proofs() === present || count === MAX_JUDGEMENTS;
    try {
      const judged = await judge(present);
      if (isOver()) return judged;
    } catch (error) {
      if (isOver()) throw error;
    }
  }
}

/** Asserts that a token is no longer than it may be. @param field the parameter that it stood in */
export function assertedProof(token: string, field?: string): string {
  if (token.length <= MAX_PROOF_LENGTH) return token;
  const where = field === undefined ? {} : { field };
  throw new SignetError("request_too_large", `${field ?? "the token"} is longer than ${MAX_PROOF_LENGTH} characters`, where);
}

function proofRefused(why: string): SignetError {
  return new SignetError("proof_refused", why);
}

/** The refusal of all, since there are no callers. */
export function closed(): SignetError {
  return new SignetError(
    "issuing_closed",
    "this issuer has no callers yet: `signet callers add NAME` makes one and shows its secret",
  );
}
