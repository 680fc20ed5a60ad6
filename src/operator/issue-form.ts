import type { Config } from "../config/schema.js";
import { SignetError } from "../errors.js";
import { namedClaims } from "../issue/callers.js";
import { narrowLimits } from "../issue/narrow.js";
import { namedIssuer } from "../issue/token-rules.js";
import type { Limits } from "../settings/limits.js";
import type { ListedCaller } from "./callers.js";

/** The limits in force, as a form. */
export interface IssueForm {
  readonly caller: string | null;
  /** Who can be chosen. */
  readonly callers: readonly string[];
  /** True, or why nothing can be issued from here. */
  readonly right: true | string;
  /** `default` is `null` where it has to be asked for, or none is set; `isRequired`: some end has to be asked for. */
  readonly ttl: { readonly default: number | null; readonly max: number; readonly isRequired: boolean };
  /** Claims that every token gets, and that are not asked for. */
  readonly fixed: readonly { readonly name: string; readonly value: unknown }[];
  /** Fields to fill in. */
  readonly fields: readonly IssueField[];
  /** Whether other claims may be asked for beside the fields. */
  readonly takesOthers: boolean;
  /** Values of `typ`, the usual one first. */
  readonly types: readonly string[];
  /** What every token has by itself of what may be asked for. */
  readonly always: readonly ("iat" | "jti")[];
}

/** A claim to fill in. */
export interface IssueField {
  readonly claim: string;
  readonly isRequired: boolean;
  /** What it is by its standard; `json` where it may be anything. */
  readonly type: "text" | "texts" | "json";
  /** The only values; those that end in `*` begin so. Absent: any. */
  readonly values?: readonly string[];
}

/** What a request asks for beside claims. */
const BY_REQUEST: readonly string[] = ["exp", "nbf", "iat", "jti"];
const USUAL: readonly string[] = ["sub", "aud"];
/** Texts by RFC 7519 section 4.1, RFC 8693 section 4.2 and RFC 9068 section 2.2. */
const TEXTS: readonly string[] = ["iss", "sub", "scope", "client_id", "azp"];

/**
 * The form of the tokens that may be issued.
 *
 * @param callers those that there are
 * @param name the one for whom a token would be issued; `undefined` is within the issuer's limits alone
 * @throws SignetError `caller_missing`
 */
export function issueForm(
  config: Pick<Config, "limits" | "issuer" | "tokens">,
  callers: readonly ListedCaller[],
  name?: string,
): IssueForm {
  const caller = name === undefined ? undefined : callerNamed(callers, name);
  const limits = caller === undefined ? config.limits : namedClaims(narrowLimits(config.limits, caller.limits), caller.name);
  const { maxTtlSeconds: max, defaultTtlSeconds, requireExpiration, fixedClaims = {}, allowedClaims, allowedTypes = [] } = limits;
  const { exp, iat, jti } = config.tokens ?? {};
  const isClosed = caller?.may?.includes("issue") === false;
  return {
    caller: caller?.name ?? null,
    callers: callers.map((each) => each.name),
    right: isClosed ? `the caller ${caller?.name} is issued no tokens: its member may leaves issue out` : true,
    ttl: {
      default: defaultTtlSeconds === null ? null : Math.min(defaultTtlSeconds, max),
      max,
      isRequired: exp !== false && defaultTtlSeconds === null && requireExpiration,
    },
    fixed: Object.entries(fixedClaims).map(([claim, value]) => ({ name: claim, value })),
    fields: fieldsOf(limits, namedIssuer(config) === undefined),
    takesOthers: allowedClaims === undefined,
    types: [...new Set(["JWT", ...allowedTypes])],
    always: [...(iat === undefined ? [] : (["iat"] as const)), ...(jti === true ? (["jti"] as const) : [])],
  };
}

/** @throws SignetError `caller_missing` */
function callerNamed(callers: readonly ListedCaller[], name: string): ListedCaller {
  const found = callers.find((each) => each.name === name);
  if (found !== undefined) return found;
  throw new SignetError("caller_missing", "there is no caller of this name: it may have been removed", { field: "caller" });
}

function fieldsOf(limits: Limits, bringsIssuer: boolean): readonly IssueField[] {
  const { fixedClaims = {}, allowedClaims, requiredClaims = [], allowedAudiences } = limits;
  const asked = [...(bringsIssuer ? ["iss"] : []), ...USUAL, ...requiredClaims, ...(allowedClaims ?? [])];
  const isAllowed = (claim: string): boolean => allowedClaims === undefined || allowedClaims.includes(claim);
  const claims = [...new Set(asked)].filter(
    (claim) => isAllowed(claim) && !Object.hasOwn(fixedClaims, claim) && !BY_REQUEST.includes(claim),
  );
  return claims.map((claim) => ({
    claim,
    isRequired: requiredClaims.includes(claim) || (claim === "aud" && allowedAudiences !== undefined),
    type: claim === "aud" ? "texts" : TEXTS.includes(claim) ? "text" : "json",
    ...(claim === "aud" && allowedAudiences !== undefined && { values: allowedAudiences }),
  }));
}
