import { isNonEmptyText, isObject, isOptionalText, isText } from "../encoding/list-of.js";
import { ownMember } from "../encoding/own-member.js";
import { SignetError } from "../errors.js";
import { scopesOf, type VerifiedClaims } from "../verify/claims.js";
import type { ExchangedToken } from "./contract.js";

/** What a client asks of an exchange (RFC 8693 section 2.1). */
export interface ExchangeAsked {
  /** Each has to be allowed; empty asks for what there is. */
  readonly audiences: readonly string[];
  /** `undefined` asks for what there is. */
  readonly scopes: readonly string[] | undefined;
}

/**
 * The parties of an exchange: each was verified, or has shown who it is. A token's names are those of the issuer of its rule, and never of its
 * `iss`: a JWT-SVID may say any there, ours too.
 */
export interface ExchangeParties {
  readonly subject: ExchangedToken;
  /** Absent where the client itself acts. */
  readonly actor?: ExchangedToken | undefined;
  /** The caller that asks. */
  readonly client: string;
  /** Our own URL: tokens of this issuer use our names. */
  readonly issuer: string | undefined;
  /** Tells a caller's name, which no other issuer's subject may have. */
  readonly isCaller: (name: string) => boolean;
}

/** Who acts for a subject (RFC 8693 section 4.1); the actors before it stand within. */
interface Actor {
  readonly iss?: string;
  readonly sub?: string;
  readonly client_id?: string;
  readonly act?: Actor;
}

/** The most that an exchange may give: what each side allows. */
export interface NarrowedExchange {
  readonly subject: string;
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  /** Its latest end, as NumericDate in whole seconds. */
  readonly expiresAt: number;
  readonly act?: Actor | undefined;
}

const MAX_ACTORS = 4;

/**
 * Narrows an exchange to what the tokens and the rules that let them in allow, all of them. Nothing that was asked is left out: it is
 * allowed, or the exchange is refused.
 *
 * @throws SignetError `proof_refused` (field `subject_token`, `actor_token`) for a token that cannot be exchanged so, `audience_not_allowed`,
 *   `claim_required` (field `claims.aud`), `claim_not_allowed` (field `claims.scope`)
 */
export function narrowExchange(asked: ExchangeAsked, parties: ExchangeParties): NarrowedExchange {
  const { subject, actor } = parties;
  const name = subjectOf(subject, "subject_token");
  if (subject.issuer !== parties.issuer && parties.isCaller(name))
    throw refused("subject_token", "its subject has a caller's name");
  assertMayAct(parties);
  const act = actors(parties);
  const allowed = actor ? common(subject.audiences, actor.audiences) : subject.audiences;
  const audiences = narrowAudiences(asked.audiences, [...new Set(allowed)]);
  const scopes = narrowScopes(asked.scopes, allowedScopes(parties));
  const expiresAt = Math.floor(Math.min(subject.expiresAt, actor?.expiresAt ?? Number.POSITIVE_INFINITY));
  return { subject: name, audiences, scopes, expiresAt, ...(act && { act }) };
}

function subjectOf({ subject, claimsForTokens }: ExchangedToken, field: TokenField): string {
  const { sub = subject } = claimsForTokens;
  if (!isNonEmptyText(sub)) throw refused(field, "it has no sub");
  return sub;
}

function narrowAudiences(asked: readonly string[], allowed: readonly string[]): readonly string[] {
  const wanted = asked.length > 0 || allowed.length > 1 ? [...new Set(asked)] : allowed;
  if (wanted.length === 0) {
    throw new SignetError("claim_required", "give audience, or resource (RFC 8707): whom the token is for", {
      field: "claims.aud",
    });
  }
  if (wanted.every((each) => allowed.includes(each))) return wanted;
  throw new SignetError("audience_not_allowed", "an audience or resource is not among those that this exchange allows", {
    field: "claims.aud",
  });
}

function narrowScopes(asked: readonly string[] | undefined, allowed: readonly string[]): readonly string[] {
  if (asked === undefined) return allowed;
  const wanted = [...new Set(asked)];
  if (wanted.every((each) => allowed.includes(each))) return wanted;
  throw new SignetError("claim_not_allowed", "a scope is not among those that this exchange allows", { field: "claims.scope" });
}

// A subject token without scopes gives none. An actor's says who acts: its scopes bound the exchange where it has some.
function allowedScopes({ subject, actor }: ExchangeParties): readonly string[] {
  const sides = [subject.scopes, ...(actor ? [actor.scopes] : [])];
  if (actor && hasScopeClaim(actor.claims)) sides.push(scopesOf(actor.claims).filter(isText));
  return sides.reduce(common, [...new Set(scopesOf(subject.claims).filter(isText))]);
}

function hasScopeClaim({ scope, scp }: VerifiedClaims): boolean {
  return scope !== undefined || scp !== undefined;
}

function common(left: readonly string[], right: readonly string[]): readonly string[] {
  return left.filter((each) => right.includes(each));
}

/**
 * RFC 8693 section 4.4: where the subject's token says who may act, that is who acts here, the actor or else the client. Each member has to
 * be true of it, and one has to say more than whose token it is. A name is one of the issuer that has written it: an actor of another one has
 * to be named with its `iss`.
 */
function assertMayAct({ subject, actor, client, issuer }: ExchangeParties): void {
  const { may_act: mayAct } = subject.claims;
  if (mayAct === undefined) return;
  const acting = actor ? { ...actor.claims, iss: actor.issuer } : { iss: issuer, sub: client, client_id: client };
  const named = isObject(mayAct) ? { ...(actor && { iss: subject.issuer }), ...mayAct } : {};
  const members = Object.entries(named);
  const isNamed = members.some(([name]) => name !== "iss");
  if (isNamed && members.every(([name, value]) => isText(value) && ownMember(acting, name) === value)) return;
  throw refused("subject_token", "its may_act names another actor");
}

// RFC 8693 section 4.1: the present actor stands outside, those before it within.
function actors({ subject, actor, issuer }: ExchangeParties): Actor | undefined {
  const before = earlierActors(subject.claims.act, subject.issuer, issuer, actor ? MAX_ACTORS - 1 : MAX_ACTORS);
  // The outer one is whom resources let act: of our own parties no other issuer says that. Those within only say what was.
  if (actor === undefined && before !== undefined && before.iss === undefined && subject.issuer !== issuer)
    throw refused("subject_token", "its act names a party of this issuer, which has not written it");
  if (actor === undefined) return before;
  const sub = subjectOf(actor, "actor_token");
  // Who really acts would be lost.
  if (actor.claims.act !== undefined) throw refused("actor_token", "it is itself one of an actor that acts for another (act)");
  return { ...nameSpace(actor.issuer, issuer), sub, ...(before && { act: before }) };
}

function earlierActors(act: unknown, writtenBy: string, issuer: string | undefined, most: number): Actor | undefined {
  if (act === undefined) return undefined;
  if (most === 0) throw refused("subject_token", `more than ${MAX_ACTORS} act one for another`);
  const { iss = writtenBy, sub, client_id: client, act: before } = isObject(act) ? act : {};
  const isNamed = isText(iss) && isOptionalText(sub) && isOptionalText(client) && Boolean(sub || client);
  if (!isNamed) throw refused("subject_token", "its act names no actor");
  const earlier = earlierActors(before, writtenBy, issuer, most - 1);
  return {
    ...nameSpace(iss, issuer),
    ...(isText(sub) && { sub }),
    ...(isText(client) && { client_id: client }),
    ...(earlier && { act: earlier }),
  };
}

// Names of ours need no `iss`; the same name of another issuer is another party.
function nameSpace(iss: string, issuer: string | undefined): { readonly iss?: string } {
  return iss === issuer ? {} : { iss };
}

type TokenField = "subject_token" | "actor_token";

function refused(field: TokenField, why: string): SignetError {
  return new SignetError("proof_refused", why, { field });
}
