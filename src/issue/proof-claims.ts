import { ownMember } from "../encoding/own-member.js";
import { nameInWords, SignetError } from "../errors.js";
import { type CopyingCaller, claimsFromProofs, holdsProofText, subjectPrefixes } from "../settings/claims-from-proof.js";
import { CLAIMS_BUFFER_BYTES, writeClaims } from "./claims-json.js";
import type { ProvenClaims } from "./fixed-claims.js";
import type { Claims } from "./request.js";

/** What of a proof concerns the tokens that it gets; a `Proof` of src/trust/contract.ts has it. */
export interface ProofOfCaller {
  /** What let it in: `trusts.0`, or `keys` where the caller has signed it itself and nothing of it is proven but its name. */
  readonly rule: string;
  readonly claims: Claims;
  /** The claims that tokens get from it, by our names. */
  readonly claimsForTokens: Claims;
}

/** What tokens get from a proof that gives them nothing. */
export const NOTHING_PROVEN: ProvenClaims = Object.freeze({ claims: Object.freeze({}), members: "" });

/**
 * Binds what a caller's tokens get from proofs.
 *
 * @param fixed the fixed claims, in which `{proof.NAME}` stands for claims of the proof
 * @param isCaller tells a caller's name
 * @returns (a proof, or a token that is exchanged, and what the exchange sets beside) -> what tokens get; `NOTHING_PROVEN` itself where that is so
 * @throws (the bound function) SignetError `proof_refused`
 */
export function proofReader(
  caller: CopyingCaller,
  fixed: Claims | undefined,
  isCaller: (name: string) => boolean,
): (proof: ProofOfCaller, exchanged?: Claims) => ProvenClaims {
  const names = claimsFromProofs(caller);
  const prefixes = subjectPrefixes(caller);
  const texts = Object.entries(fixed ?? {}).filter(([, value]) => holdsProofText(value));
  let out: Buffer | undefined;

  return ({ rule, claims, claimsForTokens }, exchanged) => {
    const source = rule === "keys" ? undefined : claims;
    const members = texts.map(([name, value]): [string, unknown] => [name, filled(value, name, source)]);
    for (const [name, value] of Object.entries(claimsForTokens)) {
      if (!names.has(name)) throw refused(name, "is given by no rule of the caller (claimsFromProof)");
      if (name === "sub") assertPrefixed(value, prefixes);
      members.push([name, value]);
    }
    if (members.length === 0 && exchanged === undefined) return NOTHING_PROVEN;
    const proven = { ...Object.fromEntries(members), ...exchanged };
    // Of an exchange that is judged by whose token it was.
    const isCallers = typeof proven.sub === "string" && exchanged === undefined && isCaller(proven.sub);
    if (isCallers) throw refused("sub", "is the name of a caller");
    out ??= Buffer.allocUnsafeSlow(CLAIMS_BUFFER_BYTES);
    return { claims: proven, members: written(out, proven) };
  };
}

function assertPrefixed(value: unknown, prefixes: readonly string[]): void {
  if (typeof value === "string" && prefixes.some((prefix) => value.startsWith(prefix))) return;
  throw refused("sub", "does not begin with the rule's subjectPrefix");
}

// What a proof says wrong is no fault of the request.
function written(out: Buffer, claims: Claims): string {
  try {
    return out.toString(
      "utf8",
      0,
      writeClaims(out, claims, () => false),
    );
  } catch (error) {
    // The names within are the proof's own.
    const what = "it is too large or too deep, or has an integer beyond 2^53 - 1 or ill-formed Unicode";
    throw new SignetError("proof_refused", `the proof gives what no token can say: ${what}`, { cause: error });
  }
}

const ALONE = /^\{proof\.([^{}]+)\}$/;
const WITHIN = /\{proof\.([^{}]+)\}/g;
/** What a separator of a text around it cannot be made of, nor a step up in a path. */
const PLAIN = /^(?!\.{1,2}$)[A-Za-z0-9_.-]+$/;

// What is filled in is not looked at again: a claim that says {proof.x} is a text as any other.
function filled(value: unknown, name: string, claims: Claims | undefined): unknown {
  if (typeof value === "string") return value.includes("{proof.") ? filledText(value, name, claims) : value;
  if (Array.isArray(value)) return value.map((each) => filled(each, name, claims));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([member, each]) => [member, filled(each, name, claims)]));
}

function filledText(text: string, name: string, claims: Claims | undefined): unknown {
  const alone = ALONE.exec(text)?.[1];
  if (alone !== undefined) return sourceOf(alone, name, claims);
  return text.replace(WITHIN, (_, source: string) => {
    const value = sourceOf(source, name, claims);
    if (typeof value === "string" && PLAIN.test(value)) return value;
    throw refused(name, `takes ${nameInWords(source, "a claim")} into a text: it may hold only letters, digits, _ . and -`);
  });
}

function sourceOf(source: string, name: string, claims: Claims | undefined): unknown {
  if (claims === undefined) {
    throw refused(name, "comes from the token of an issuer that a rule trusts; a caller's own assertion proves its name alone");
  }
  const value = ownMember(claims, source);
  if (value === undefined)
    throw refused(name, `comes from the claim ${nameInWords(source, "of a proof")}, which the proof has not`);
  return value;
}

function refused(name: string, what: string): SignetError {
  return new SignetError("proof_refused", `the claim ${nameInWords(name, "of a proof")} ${what}`, { field: `claims.${name}` });
}
