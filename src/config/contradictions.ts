import { ownMember } from "../encoding/own-member.js";
import { webUrlOf } from "../encoding/url-of.js";
import { SignetError } from "../errors.js";
import { type CopyingCaller, claimsFromProofs, holdsProofText } from "../settings/claims-from-proof.js";
import type { Limits } from "../settings/limits.js";
import type { Policy } from "../settings/policy.js";
import type { Tokens } from "../settings/tokens.js";

/** What the issuer sets itself, so that no request has to ask for it. */
const SET_BY_ISSUER = ["iss", "exp", "iat", "nbf", "jti"];

/**
 * What members of a config say against each other, where the one that decides is not the one that was meant.
 *
 * @param members checked, and without what stands for absent ones: those contradict nothing
 */
export function contradictions(members: Readonly<Record<string, unknown>>): string[] {
  const callers = Object.entries((members.callers ?? {}) as Readonly<Record<string, CopyingCaller>>);
  return [
    ...ofTokens((members.tokens ?? {}) as Tokens, members, callers),
    ...ofLimits("limits", members.limits),
    ...ofRotation((members.rotation ?? {}) as Partial<Policy>),
    ...callers.flatMap(([name, caller]) => [
      ...ofLimits(`callers.${name}.limits`, caller.limits, claimsFromProofs(caller)),
      ...ofProofs(`callers.${name}`, caller, (members.limits ?? {}) as Partial<Limits>),
    ]),
  ];
}

/**
 * Refuses one name for two keys: the other side has one of them, and the tokens of the other would look like its own.
 *
 * @param where the config, for the error
 * @throws SignetError `config_invalid`
 */
export function assertKidsDiffer({ kids = {} }: Tokens, where: string): void {
  const known = new Map<string, string>();
  for (const [thumbprint, kid] of Object.entries(kids)) {
    const before = known.get(kid);
    if (before === undefined) {
      known.set(kid, thumbprint);
      continue;
    }
    const what = `${where}: tokens.kids calls two keys ${JSON.stringify(kid)}, ${before} and ${thumbprint}: leave out the one that the other side does not have`;
    throw new SignetError("config_invalid", what, { field: "tokens.kids" });
  }
}

function ofRotation({ byUpload, rotateEverySeconds = 0 }: Partial<Policy>): string[] {
  if (byUpload !== true || rotateEverySeconds === 0) return [];
  return [
    `rotation.rotateEverySeconds (${rotateEverySeconds}) rotates nothing beside rotation.byUpload, with which a key signs by your word alone: set it to 0`,
  ];
}

function ofTokens(
  { iss, exp, kid, kids = {} }: Tokens,
  { issuer, limits }: Readonly<Record<string, unknown>>,
  callers: readonly (readonly [string, CopyingCaller])[],
): string[] {
  const found: string[] = [];
  if (iss !== undefined && webUrlOf(iss) !== undefined)
    found.push("tokens.iss is a URL, at which no keys are published: for verifiers that look for them there, set issuer instead");
  if (kid === false && Object.keys(kids).length > 0)
    found.push("tokens.kids names keys in a header that has no kid (tokens.kid): leave one of the two out");
  else if (issuer !== undefined && Object.keys(kids).length > 0)
    found.push(
      "tokens.kids gives tokens a kid that the JWKS at issuer does not have, so verifiers that read it find no key: leave tokens.kids out",
    );
  if (exp !== false) return found;
  const all = [
    ["limits", limits] as const,
    ...callers.map(([name, caller]) => [`callers.${name}.limits`, caller.limits] as const),
  ];
  for (const [where, each] of all) {
    if ((each as Partial<Limits> | undefined)?.requiredClaims?.includes("exp"))
      found.push(`${where}.requiredClaims has exp, which tokens.exp leaves out, so no token is issued`);
    if ((each as Partial<Limits> | undefined)?.requireExpiration === true)
      found.push(`${where}.requireExpiration is true, and tokens.exp leaves exp out of every token all the same`);
  }
  for (const [name, { exchanges = [] }] of callers) {
    if (exchanges.length > 0)
      found.push(
        `callers.${name}.exchanges give nothing: a token without exp (tokens.exp) would outlive the one that it is given for`,
      );
  }
  return found;
}

function ofProofs(where: string, caller: CopyingCaller, issuer: Partial<Limits>): string[] {
  const { limits, trusts = [] } = caller;
  const found: string[] = [];
  const fixed = { ...issuer.fixedClaims, ...limits?.fixedClaims };
  const filled = Object.keys(fixed).find((name) => holdsProofText(ownMember(fixed, name)));
  if (filled !== undefined && trusts.length === 0) {
    found.push(`${where} gets the fixed claim ${filled} from a proof, and has no rule in trusts, so it is issued no token`);
  }
  for (const [index, { subjectPrefix, claimsFromProof = {} }] of trusts.entries()) {
    if (subjectPrefix === undefined || Object.values(claimsFromProof).includes("sub")) continue;
    found.push(`${where}.trusts.${index}.subjectPrefix begins nothing: claimsFromProof makes no claim sub`);
  }
  return found;
}

function ofLimits(where: string, limits: unknown, proven: ReadonlySet<string> = new Set()): string[] {
  const { maxTtlSeconds, defaultTtlSeconds, requiredClaims, allowedClaims, fixedClaims = {} } = (limits ?? {}) as Partial<Limits>;
  const found: string[] = [];
  if (maxTtlSeconds !== undefined && defaultTtlSeconds != null && defaultTtlSeconds > maxTtlSeconds) {
    found.push(
      `${where}.defaultTtlSeconds (${defaultTtlSeconds}) is above ${where}.maxTtlSeconds (${maxTtlSeconds}), so tokens live ${maxTtlSeconds} seconds`,
    );
  }
  const impossible = requiredClaims?.find(
    (name) =>
      allowedClaims?.includes(name) === false &&
      !SET_BY_ISSUER.includes(name) &&
      !proven.has(name) &&
      ownMember<unknown>(fixedClaims, name) === undefined,
  );
  if (impossible !== undefined) {
    found.push(`${where}.requiredClaims has ${impossible}, which ${where}.allowedClaims does not allow, so no token is issued`);
  }
  return found;
}
