import type { Callers, KnownCaller } from "../../issue/callers.js";
import type { ImmediateIssuer, IssuedToken } from "../../issue/issuer.js";
import type { ProofOfCaller } from "../../issue/proof-claims.js";
import { type ProvenRequest, sentProof } from "../../issue/proven-request.js";
import type { IssueRequest } from "../../issue/request.js";

/** Asks the issuer's function for a token of a caller that was proven. */
export type AskIssuer = (caller: string, request: ProvenRequest) => Promise<IssuedToken>;

/**
 * Callers whose tokens the issuer's function issues. What they ask for is checked here by the same limits, so that nothing that it would
 * refuse uses a proof up; it holds the limits, the rates and the key.
 */
export function remoteCallers(callers: Callers, ask: AskIssuer): Callers {
  return Object.freeze({
    ...callers,
    named(name: string) {
      const caller = callers.named(name);
      return caller && remoteCaller(caller, ask);
    },
  });
}

function remoteCaller(caller: KnownCaller, ask: AskIssuer): KnownCaller {
  const { name } = caller;
  const remotely = (issuer: ImmediateIssuer, proof: ProofOfCaller, of?: ProvenRequest["of"]): ImmediateIssuer => ({
    ...issuer,
    // An invocation costs, and of its refusal only the code and the words come back.
    async issue(request: IssueRequest) {
      await issuer.check(request);
      return ask(name, { request, proof: sentProof(proof), ...(of !== undefined && { of }) });
    },
  });
  return {
    ...caller,
    provenBy(proof) {
      const proven = caller.provenBy(proof);
      return { ...remoteCaller(proven, ask), clientIssuer: remotely(proven.clientIssuer, proof) };
    },
    exchanging: (token, of) => remotely(caller.exchanging(token, of), token, of),
  };
}
