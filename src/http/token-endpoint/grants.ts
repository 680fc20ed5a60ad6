import { SignetError } from "../../errors.js";
import type { ImmediateIssuer } from "../../issue/issuer.js";
import type { IssueRequest } from "../../issue/request.js";
import type { Limits } from "../../settings/limits.js";
import type { Form } from "../form.js";
import type { Use } from "../prove-caller.js";
import type { Client } from "./client-authentication.js";
import { audienceClaim, ownTargets } from "./target.js";

/** What a request for a token comes to: what is to be issued, by whom, and what it uses up. */
export interface Grant {
  readonly issuer: ImmediateIssuer;
  readonly asked: IssueRequest;
  /** The uses of the tokens that were shown, counted once all else is checked. */
  readonly uses: readonly Use[];
  /** True where none of them counts anything. */
  readonly isReusable?: boolean | undefined;
  readonly answer: { readonly expires_in: number; readonly scope?: string | undefined; readonly issued_token_type?: string };
}

const ACCESS_TOKEN_TYPE = "at+jwt";
/** RFC 6749 section 3.3: scope tokens with one space between them. */
const SCOPE = /^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/;

/** What a client asks for itself. @throws SignetError for parameters that it cannot have, or that are none */
export function ownGrant(form: Form, { caller, proof }: Client): Grant {
  const { limits } = caller;
  const targets = ownTargets(form);
  const aud = audienceClaim(targets) ?? onlyAudience(limits.allowedAudiences);
  const scope = scopeOf(form);
  if (isAccessToken(limits) && aud === undefined && limits.fixedClaims?.aud === undefined) {
    // RFC 9068 section 2.2 requires aud.
    throw new SignetError("claim_required", "give audience, or resource (RFC 8707): whom the token is for", {
      field: "claims.aud",
    });
  }
  const ttl = defaultTtlSeconds(limits);
  const claims = { ...(aud !== undefined && { aud }), ...(scope !== undefined && { scope }) };
  return {
    issuer: caller.clientIssuer,
    asked: { claims, ttl, setIat: true, setJti: true, ...typeOf(limits) },
    uses: proof ? [proof.use] : [],
    isReusable: proof?.isReusable,
    answer: { expires_in: ttl, scope },
  };
}

/** The scopes that a form asks for, as one text. @throws SignetError `invalid_claim` */
export function scopeOf(form: Form): string | undefined {
  const scope = form.get("scope");
  if (scope === undefined || SCOPE.test(scope)) return scope;
  throw new SignetError("invalid_claim", "scope must be names with one space between them", { field: "claims.scope" });
}

/** How long a token lives that is asked for without an end. */
export function defaultTtlSeconds({ defaultTtlSeconds: wanted, maxTtlSeconds }: Limits): number {
  return Math.min(wanted ?? maxTtlSeconds, maxTtlSeconds);
}

/** The type of what is issued: an RFC 9068 access token where the limits allow it. */
export function typeOf(limits: Limits): { readonly typ?: string } {
  return isAccessToken(limits) ? { typ: ACCESS_TOKEN_TYPE } : {};
}

function isAccessToken({ allowedTypes }: Limits): boolean {
  return allowedTypes?.includes(ACCESS_TOKEN_TYPE) === true;
}

function onlyAudience(allowed: readonly string[] = []): string | undefined {
  const [only, ...more] = allowed;
  return only === undefined || more.length > 0 || only.endsWith("*") ? undefined : only;
}
