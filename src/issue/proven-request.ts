import { isObject } from "../encoding/object-schema.js";
import { SignetError } from "../errors.js";
import type { KnownCaller } from "./callers.js";
import type { ImmediateIssuer } from "./issuer.js";
import type { ProofOfCaller } from "./proof-claims.js";
import type { IssueRequest } from "./request.js";

/**
 * What the function of `POST /token` sends to the alias `NAME-proof`: what is asked, and the proof that it has verified. An ordinary alias
 * refuses it, since no request for a token has such members.
 */
export interface ProvenRequest {
  readonly request: IssueRequest;
  /** What proves the caller; of an exchange the token that is exchanged. */
  readonly proof: ProofOfCaller;
  /** Of an exchange: whose token it will be (`sub`, `act`). */
  readonly of?: Readonly<Record<string, unknown>> | undefined;
}

/** Who issues what was asked, with a proof's claims. */
export interface ProvenIssuer {
  readonly issuer: ImmediateIssuer;
  readonly request: IssueRequest;
}

/** What of a proof is sent. */
const PROOF = ["rule", "claims", "claimsForTokens"];

/**
 * The issuer that a proven request asks, with the claims that its proof gives: the limits are held to here, whatever its sender has judged.
 *
 * @throws SignetError `invalid_request` for what has not that shape, and what `provenBy` and `exchanging` of the caller throw
 */
export function provenIssuer(caller: KnownCaller, event: unknown): ProvenIssuer {
  const { request, proof, of } = provenRequest(event);
  return { issuer: of === undefined ? caller.provenBy(proof).clientIssuer : caller.exchanging(proof, of), request };
}

/** What of a proof the issuer needs. */
export function sentProof({ rule, claims, claimsForTokens }: ProofOfCaller): ProofOfCaller {
  return { rule, claims, claimsForTokens };
}

function provenRequest(event: unknown): ProvenRequest {
  if (!isObject(event) || !hasOnly(event, ["request", "proof", "of"])) throw misshapen();
  const { request, proof, of } = event;
  if (!isObject(request) || !isObject(proof) || !hasOnly(proof, PROOF)) throw misshapen();
  if (typeof proof.rule !== "string" || !isObject(proof.claims) || !isObject(proof.claimsForTokens)) throw misshapen();
  if (of !== undefined && !(isObject(of) && hasOnly(of, ["sub", "act"]) && typeof of.sub === "string")) throw misshapen();
  return event as unknown as ProvenRequest;
}

function hasOnly(value: object, names: readonly string[]): boolean {
  return Object.keys(value).every((name) => names.includes(name));
}

function misshapen(): SignetError {
  const what =
    "this alias takes what the function of POST /token sends, and nothing else; to ask for a token invoke the caller's own alias";
  return new SignetError("invalid_request", what);
}
