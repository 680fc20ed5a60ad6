import { MAX_ECHO, visible } from "../errors.js";
import { type CopyingCaller, type CopyingRule, holdsProofText } from "../settings/claims-from-proof.js";
import type { Limits } from "../settings/limits.js";
import { wrongMember } from "./wrong-member.js";

/**
 * Claims that no proof sets: who issues a token, for whom and when, to which client, with what authority, by whose delegation and for which
 * key. The issuer sets each of them itself, or limits and exchanges decide it; from a proof another issuer would. `scp` and
 * `authorization_details` are authority under other names (RFC 9396). What describes the subject, such as roles and groups, is its
 * issuer's to say, and the operator who writes the rule decides to repeat it.
 */
const NEVER_FROM_PROOF = new Set(
  "iss aud exp nbf iat jti client_id azp scope scp authorization_details act may_act cnf".split(" "),
);

const MAX_NAME = 256;
const MAX_PREFIX = 128;

/**
 * Checks what tokens get from proofs: the claims that rules copy, and the texts of fixed claims.
 *
 * @param issuer the issuer's own limits
 * @param callers the callers by name, those without rules too
 * @throws SignetError `config_invalid`, naming the member
 */
export function assertClaimsFromProofs(
  issuer: Pick<Limits, "fixedClaims" | "allowedClaims">,
  callers: Readonly<Record<string, CopyingCaller>>,
): void {
  const names = Object.keys(callers);
  assertProofTexts(issuer.fixedClaims, "limits.fixedClaims", names);
  for (const [name, caller] of Object.entries(callers)) {
    const { limits = {}, trusts = [], exchanges = [] } = caller;
    assertProofTexts(limits.fixedClaims, `callers.${name}.limits.fixedClaims`, names);
    const fixed = new Set([issuer.fixedClaims, limits.fixedClaims].flatMap((claims) => Object.keys(claims ?? {})));
    const allowed = issuer.allowedClaims && new Set(issuer.allowedClaims);
    for (const [kind, rules] of Object.entries({ trusts, exchanges })) {
      for (const [index, rule] of rules.entries()) {
        assertRuleClaims(rule, `callers.${name}.${kind}.${index}`, { fixed, allowed, names });
      }
    }
  }
}

/** What stands around a rule that is judged alone. */
const NOTHING: Around = { fixed: new Set(), allowed: undefined, names: [] };

/**
 * Checks what one rule says of what tokens get from proofs.
 *
 * @param where its path, for errors
 * @throws SignetError `config_invalid`, naming the member
 */
export function assertRuleClaims(
  { claimsFromProof = {}, subjectPrefix }: CopyingRule,
  where: string,
  { fixed, allowed, names } = NOTHING,
): void {
  const taken = new Set<string>();
  for (const [source, claim] of Object.entries(claimsFromProof)) {
    const field = `${where}.claimsFromProof.${visible(source).slice(0, MAX_ECHO)}`;
    if (typeof claim !== "string" || claim === "" || claim.length > MAX_NAME || !claim.isWellFormed()) {
      throw wrongMember(field, `must be the name of a claim: a text of 1 to ${MAX_NAME} characters`);
    }
    const shown = claim.slice(0, MAX_ECHO);
    if (NEVER_FROM_PROOF.has(claim))
      throw wrongMember(field, `cannot become ${claim}: the issuer and its limits decide that; choose another name`);
    if (taken.has(claim)) throw wrongMember(field, `becomes ${shown}, and so does another claim; choose another name`);
    taken.add(claim);
    if (fixed.has(claim)) throw wrongMember(field, `becomes ${shown}, which fixedClaims fix; leave one of them out`);
    if (allowed?.has(claim) === false) {
      throw wrongMember(field, `becomes ${shown}, which is not among the issuer's allowedClaims; add it there`);
    }
    if (claim === "sub" && subjectPrefix === undefined) {
      throw wrongMember(
        field,
        `becomes sub, and so needs ${where}.subjectPrefix (--subject-prefix), such as "github:": what every such sub begins with`,
      );
    }
  }
  if (subjectPrefix !== undefined) assertPrefix(subjectPrefix, `${where}.subjectPrefix`, names);
}

interface Around {
  readonly fixed: ReadonlySet<string>;
  readonly allowed: ReadonlySet<string> | undefined;
  /** The callers' names. */
  readonly names: readonly string[];
}

// The subjects of two issuers are two namespaces, and the callers' names are a third one.
function assertPrefix(prefix: unknown, where: string, names: readonly string[]): void {
  if (typeof prefix !== "string" || prefix === "" || prefix.length > MAX_PREFIX || !prefix.isWellFormed()) {
    throw wrongMember(where, `must be a text of 1 to ${MAX_PREFIX} characters`);
  }
  const caller = names.find((name) => name.startsWith(prefix));
  if (caller === undefined) return;
  throw wrongMember(
    where,
    `begins the name of the caller ${caller}, which a proof could then pass for; end it in : or /, such as "github:"`,
  );
}

/** `{proof.NAME}` in a text, or what is meant to be it. */
const PROOF_TEXT = /\{proof\.([^{}]*)\}?/g;

function assertProofTexts(fixed: Readonly<Record<string, unknown>> | undefined, where: string, names: readonly string[]): void {
  for (const [claim, value] of Object.entries(fixed ?? {})) {
    if (!holdsProofText(value)) continue;
    const field = `${where}.${visible(claim).slice(0, MAX_ECHO)}`;
    for (const [text, source] of JSON.stringify(value).matchAll(PROOF_TEXT)) {
      if (source === "" || !text.endsWith("}"))
        throw wrongMember(field, "has {proof. without the name of a claim and }: write {proof.NAME}");
    }
    if (NEVER_FROM_PROOF.has(claim)) throw wrongMember(field, "cannot come from a proof: the issuer and its limits decide it");
    if (claim === "sub") assertSubject(value, field, names);
  }
}

function assertSubject(value: unknown, field: string, names: readonly string[]): void {
  const prefix = typeof value === "string" ? value.slice(0, value.indexOf("{")) : "";
  if (prefix === "") throw wrongMember(field, 'must begin with a text of its own, such as "github:{proof.repository_id}"');
  assertPrefix(prefix, field, names);
}
