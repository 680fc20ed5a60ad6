import { isObject } from "../encoding/object-schema.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { type ErrorCode, isSignetError, SignetError, shortened } from "../errors.js";

/** An answer that brings no token. */
export interface RefusedAnswer {
  readonly status: number;
  readonly body: string;
  /** Whole seconds, where the answer says them. */
  readonly retryAfterSeconds?: number | undefined;
}

const MAX_WORDS = 512;
/** A code of ours; those of others have dots and capitals. */
const CODE = /^[a-z][a-z0-9_]{2,40}$/;
/** What a token endpoint calls a failure (RFC 6749 section 5.2), and what it is here. */
const OAUTH_CODES: ReadonlyMap<unknown, ErrorCode> = new Map<unknown, ErrorCode>([
  ["invalid_client", "caller_unknown"],
  ["unauthorized_client", "caller_not_allowed"],
  ["invalid_grant", "proof_refused"],
  ["unsupported_grant_type", "grant_not_supported"],
  ["invalid_target", "audience_not_allowed"],
  ["invalid_scope", "claim_not_allowed"],
]);

/** Codes of failures that another try may mend, though nothing is changed. */
const PASSING: readonly ErrorCode[] = ["issuer_unavailable", "aws_unavailable", "aws_throttled", "internal"];

/** Tells whether another try may succeed: the issuer is away, throttles, or cannot answer now. */
export function isPassing({ code, status }: SignetError): boolean {
  return PASSING.includes(code) || status === 429 || status === 503;
}

/**
 * The error of an answer that brings no token: with the issuer's own code where it has said one.
 *
 * @param where whom it came from, for words: a host
 */
export function refusalOf(where: string, { status, body, retryAfterSeconds }: RefusedAnswer): SignetError {
  const { code, detail, error, error_description: described, message } = objectIn(body);
  const words = [detail, described, message, error].find((each) => typeof each === "string" && each !== "") ?? "";
  const said = typeof words === "string" && words !== "" ? `: ${shortened(words, MAX_WORDS)}` : "";
  const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  if (typeof code === "string" && CODE.test(code))
    return new SignetError(code as ErrorCode, `${where} answers ${status}${said}`, details);
  if (status >= 500 || status === 429 || status === 408)
    return new SignetError("issuer_unavailable", `${where} answers ${status}${said}; its log says why`, details);
  if (typeof error === "string")
    return new SignetError(OAUTH_CODES.get(error) ?? "invalid_request", `${where} answers ${status}${said}`, details);
  const [otherwise, advice] = adviceFor(status);
  return new SignetError(otherwise, `${where} answers ${status}${said}; ${advice}`, details);
}

/** What an answer means that is none of an issuer's. */
function adviceFor(status: number): [ErrorCode, string] {
  if (status === 401) return ["caller_unknown", "does it know this caller, and is this the issuer's URL?"];
  if (status === 403) return ["caller_not_allowed", "is this caller allowed to ask there, and is this the issuer's URL?"];
  if (status >= 300 && status < 400) return ["config_invalid", "no redirect is followed: give the URL behind it"];
  return ["config_invalid", "is this the issuer's URL?"];
}

/**
 * The error that a function has thrown: a code of ours with its words, or what Lambda says of one that could not run.
 *
 * @param what the function, for words
 * @param most how many characters of its words are told
 */
export function thrownError(thrown: unknown, what = "the issuer's function", most = MAX_WORDS): SignetError {
  const { errorType, errorMessage } = isObject(thrown) ? thrown : {};
  const words = typeof errorMessage === "string" ? shortened(errorMessage, most) : "";
  if (typeof errorType === "string" && CODE.test(errorType)) return new SignetError(errorType as ErrorCode, words || errorType);
  const cause = typeof errorType === "string" ? shortened(errorType) : "an unknown error";
  return new SignetError("aws_unavailable", `${what} could not answer (${cause}): its own log says why`);
}

/** The members of an answer; none where it is no object of JSON. */
export function objectIn(body: string): Readonly<Record<string, unknown>> {
  try {
    const value = parseStrictJson(body, "the answer");
    return isObject(value) ? value : {};
  } catch (error) {
    if (!isSignetError(error)) throw error;
    return {};
  }
}
