import { isSignetError, SignetError, shortened } from "../../errors.js";
import type { Callers } from "../../issue/callers.js";
import type { Limits } from "../../settings/limits.js";
import type { ExchangedToken, Proofs } from "../../trust/contract.js";
import { narrowExchange } from "../../trust/exchange.js";
import { toPublicFailure } from "../../trust/public-failure.js";
import { normalType } from "../../verify/header.js";
import { parseObject, splitToken } from "../../verify/token.js";
import type { Form } from "../form.js";
import { assertedProof, byPresentProofs, MAX_LOGGED, type Use } from "../prove-caller.js";
import type { RequestContext } from "../request-context.js";
import type { Client } from "./client-authentication.js";
import { defaultTtlSeconds, type Grant, scopeOf, typeOf } from "./grants.js";
import { audienceClaim, targetsOf } from "./target.js";

/** What exchanges are judged by. */
export interface ExchangeOptions {
  /** Our own URL. */
  readonly issuer: string | undefined;
  readonly callers: () => Callers;
  /** Absent where no caller may exchange anything. */
  readonly proofs?: (() => Proofs) | undefined;
  readonly clock: () => number;
}

const SUBJECT = "subject_token";
const ACTOR = "actor_token";
type TokenField = typeof SUBJECT | typeof ACTOR;

const TYPE = "urn:ietf:params:oauth:token-type:";
const ACCESS_TOKEN = `${TYPE}access_token`;
const JWT = `${TYPE}jwt`;
const ID_TOKEN = `${TYPE}id_token`;
/** What is exchanged is a JWT, whatever it was issued as (RFC 8693 section 3). */
export const TAKEN = [JWT, ACCESS_TOKEN, ID_TOKEN];
/** What may be asked for, as `requested_token_type`. */
export const ISSUED = [ACCESS_TOKEN, JWT];

/**
 * Token exchange (RFC 8693): the client, which has shown who it is by something else, gets a token for the subject of a token that one of its
 * `exchanges` lets in. It is within all of them: what was asked, each token, the rule, the client's limits.
 *
 * @throws SignetError `invalid_request`, `request_too_large`, `proof_refused` and what `narrowExchange` throws
 */
export async function tokenExchange(
  form: Form,
  client: Client,
  options: ExchangeOptions,
  { log }: RequestContext,
): Promise<Grant> {
  const issuedType = requestedType(form);
  const shown = { subject: shownToken(form, SUBJECT), actor: shownToken(form, ACTOR) };
  if (shown.subject === undefined)
    throw invalid(SUBJECT, "send the token that is exchanged as subject_token, with its subject_token_type");
  // Two signatures of one text may both be good.
  if (client.proof !== undefined && signedText(client.proof.token) === signedText(shown.subject.token))
    throw invalid(SUBJECT, "the client has to say who it is by something else than the subject_token");
  const subject = await verified(shown.subject, client, options);
  const actor = shown.actor && (await verified(shown.actor, client, options));
  const { rule, issuer, claims } = subject;
  log.proof = { rule, issuer, subject: claims.sub && shortened(claims.sub, MAX_LOGGED), ...(log.proof && { client: log.proof }) };
  return grantFor(form, { client, subject, actor }, issuedType, options);
}

/** A token as it was shown, and as what. */
interface ShownToken {
  readonly field: TokenField;
  readonly token: string;
  readonly type: string;
}

interface Verified {
  readonly client: Client;
  readonly subject: ExchangedToken;
  readonly actor: ExchangedToken | undefined;
}

function grantFor(form: Form, { client, subject, actor }: Verified, issuedType: string, options: ExchangeOptions): Grant {
  const { caller, proof } = client;
  const { limits } = caller;
  const targets = targetsOf(form);
  const wanted = scopeOf(form)?.split(" ");
  // What the limits fix is in every token: it has to be within the exchange as well.
  const fixed = { audiences: fixedTexts(limits, "aud"), scopes: fixedTexts(limits, "scope") };
  const asked = { audiences: targets.length > 0 ? targets : (fixed.audiences ?? []), scopes: wanted ?? fixed.scopes };
  const isCaller = (name: string): boolean => options.callers().named(name) !== undefined;
  const parties = { subject, actor, client: caller.name, issuer: options.issuer, isCaller };
  const narrowed = publicly(() => narrowExchange(asked, parties));
  const now = options.clock();
  const exp = Math.min(narrowed.expiresAt, now + defaultTtlSeconds(limits));
  if (exp <= now)
    throw toPublicFailure(new SignetError("proof_refused", "it has ended, as far as no clock's skew is allowed"), SUBJECT);
  const audiences = targets.length > 0 || fixed.audiences === undefined ? narrowed.audiences : [];
  const scopes = wanted !== undefined || mayHaveScope(limits) ? narrowed.scopes : [];
  const aud = audienceClaim(audiences);
  const scope = scopes.length > 0 ? scopes.join(" ") : undefined;
  const claims = { exp, ...(aud !== undefined && { aud }), ...(scope !== undefined && { scope }) };
  const { subject: sub, act } = narrowed;
  return {
    issuer: publicly(() => caller.exchanging(subject, { sub, ...(act && { act }) })),
    asked: { claims, setIat: true, setJti: true, ...typeOf(limits) },
    uses: [...(proof ? [proof.use] : []), useOf(subject, SUBJECT), ...(actor ? [useOf(actor, ACTOR)] : [])],
    answer: { expires_in: exp - now, scope: scope ?? fixed.scopes?.join(" "), issued_token_type: issuedType },
  };
}

function requestedType(form: Form): string {
  const type = form.get("requested_token_type") ?? ACCESS_TOKEN;
  if (ISSUED.includes(type)) return type;
  throw invalid("requested_token_type", `requested_token_type must be one of ${ISSUED.join(", ")}`);
}

// RFC 8693 section 2.1: a token comes with its type, and no type without its token.
function shownToken(form: Form, field: TokenField): ShownToken | undefined {
  const token = form.get(field);
  const type = form.get(`${field}_type`);
  if (token === undefined && type === undefined) return undefined;
  if (token === undefined || type === undefined) throw invalid(field, `send ${field} and ${field}_type together`);
  if (!TAKEN.includes(type)) throw invalid(`${field}_type`, `${field}_type must be one of ${TAKEN.join(", ")}`);
  return { field, token: assertedProof(token, field), type };
}

async function verified(
  { field, token, type }: ShownToken,
  { caller }: Client,
  { proofs }: ExchangeOptions,
): Promise<ExchangedToken> {
  try {
    if (proofs === undefined) throw new SignetError("proof_refused", "no caller may exchange anything");
    const exchangeable = await byPresentProofs(proofs, (present) => present.exchangeable(caller.name, token));
    // RFC 9068 section 2.1: it says so itself that it is no ID token.
    if (type === ID_TOKEN && isAccessToken(token))
      throw new SignetError("proof_refused", "it is an access token, and was said to be an ID token");
    return exchangeable;
  } catch (error) {
    throw toPublicFailure(error, field);
  }
}

function isAccessToken(token: string): boolean {
  const { typ } = parseObject(splitToken(token).header, "header");
  return typeof typ === "string" && normalType(typ) === "at+jwt";
}

function useOf(token: ExchangedToken, field: TokenField): Use {
  return () => token.use().catch((error: unknown) => Promise.reject(toPublicFailure(error, field)));
}

// The client learns what of its request was wrong, and of the tokens no more than that they were refused.
function publicly<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw isSignetError(error, "proof_refused") ? toPublicFailure(error, error.field ?? SUBJECT) : error;
  }
}

function signedText(token: string): string {
  return token.slice(0, token.lastIndexOf("."));
}

function fixedTexts({ fixedClaims = {} }: Limits, name: "aud" | "scope"): readonly string[] | undefined {
  const value = fixedClaims[name];
  if (value === undefined) return undefined;
  const texts = typeof value === "string" && name === "scope" ? value.split(" ") : [value].flat();
  return texts.map(String);
}

function mayHaveScope({ allowedClaims, fixedClaims = {} }: Limits): boolean {
  return !Object.hasOwn(fixedClaims, "scope") && allowedClaims?.includes("scope") !== false;
}

function invalid(field: string, message: string): SignetError {
  return new SignetError("invalid_request", message, { field });
}
