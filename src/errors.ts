import { STATUS_BY_CODE } from "./error-status.js";

/*
 * Every error that Signet raises: its literal `code`, which is API. `error-status.ts` has the HTTP status that it maps to.
 *
 * Messages say what is wrong and what to do next. They name fields and files; they never contain a token, a claim's value, a
 * passphrase or key material, because messages end up in logs. They are one line, in which nothing hides (`visible`).
 */

/** A token that was refused: 401. Each begins with `token_`. */
type TokenRefusal =
  | "token_malformed"
  | "token_algorithm_refused"
  | "token_header_refused"
  | "token_key_unknown"
  | "token_kid_missing"
  | "token_signature_invalid"
  | "token_claims_malformed"
  | "token_expired"
  | "token_expiration_missing"
  | "token_not_yet_valid"
  | "token_issued_in_future"
  | "token_issuer_refused"
  | "token_audience_refused"
  | "token_type_refused"
  | "token_claim_missing"
  | "token_claim_refused"
  | "token_too_old";

/** What concerns the installation, and not who asks: 500. */
type InstallationFault =
  | "listen_failed"
  | "issuer_unavailable"
  | "issuer_unsound"
  | "access_unexpected"
  | "key_mismatch"
  | "key_not_in_memory"
  | "passphrase_required"
  | "passphrase_wrong"
  | "keyring_damaged"
  | "keyring_version"
  | "keyring_old"
  | "keyring_missing"
  | "restored_unconfirmed"
  | "restore_refused"
  | "backup_damaged"
  | "backup_version"
  | "active_document_damaged"
  | "store_insecure"
  | "store_failed"
  | "custodian_failed"
  | "clock_untrusted"
  | "aws_access_denied"
  | "aws_credentials"
  | "aws_not_found"
  | "aws_refused"
  | "signature_unproven"
  | "deploy_failed"
  | "config_missing"
  | "config_invalid"
  | "output_failed"
  | "internal";

/** The stable name of a failure. Programs branch on it; it never changes its meaning. */
export type ErrorCode = keyof typeof STATUS_BY_CODE | TokenRefusal | InstallationFault;

/** The HTTP status that a code maps to. */
export function statusOf(code: ErrorCode): number {
  return (STATUS_BY_CODE as Partial<Record<ErrorCode, number>>)[code] ?? (code.startsWith("token_") ? 401 : 500);
}

/** The longest piece of a foreign text that an answer repeats, in characters. */
export const MAX_ECHO = 64;

/** A foreign text, cut so that no answer and no log line grows with it. */
export function shortened(text: string, most = MAX_ECHO): string {
  // A surrogate without its other half is no character.
  return text.length <= most ? text : `${text.slice(0, most - 3).replace(/[\uD800-\uDBFF]$/, "")}...`;
}

// Controls (C0, C1, DEL), line and paragraph separators, marks that turn the direction of text round, what has no width, half characters.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text as one line that a terminal shows and does not obey: what would move the cursor, begin another line or turn words round is
 * shown by its number, as JSON writes it. Names, reasons and claims come from anybody.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => character.replace(/[\s\S]/g, byNumber));
}

function byNumber(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A foreign name, for a sentence: one that is too long is not repeated, since the error's field begins with it. */
export function nameInWords(name: string, otherwise: string): string {
  return name.length <= MAX_ECHO ? name : otherwise;
}

/** As much of a message is kept: all twenty faults that are told of a config, and no foreign text that was not cut. */
const MAX_MESSAGE = 8_192;

/** What is known of a failure beside its code and its sentence. */
export interface ErrorDetails {
  /** The failure underneath, for logs. */
  readonly cause?: unknown;
  /** The path of the member at fault, `claims.exp` for example; cut where it is long. Never its value. */
  readonly field?: string;
  /** When another try may succeed, in whole seconds from now. */
  readonly retryAfterSeconds?: number;
}

/** The one error class of Signet. `code` says what happened, `message` says it in words, `status` is its HTTP status. */
export class SignetError extends Error {
  override readonly name = "SignetError";
  declare readonly code: ErrorCode;
  declare readonly status: number;
  declare readonly field?: string;
  declare readonly retryAfterSeconds?: number;
  /** No Proxy has it, and asking for it runs no code. */
  readonly #made = true;

  constructor(code: ErrorCode, message: string, { cause, field, retryAfterSeconds }: ErrorDetails = {}) {
    // Names of members, keys and places are anybody's, and a message ends on terminals, in logs and on pages.
    super(shortened(visible(message), MAX_MESSAGE), cause === undefined ? undefined : { cause });
    Object.assign(this, { code, status: statusOf(code), field: field && shortened(field), retryAfterSeconds });
  }

  /** @internal `instanceof` would ask what was thrown for its prototype, and a Proxy answers what it likes, or throws. */
  static isOne(error: unknown): error is SignetError {
    return Object(error) === error && #made in (error as object);
  }
}

/**
 * Tells whether a failure carries one of the given codes; with no codes, whether it is a Signet error at all.
 *
 * @example
 * ```ts
 * import { isSignetError, openIssuer } from "signet-jwt";
 *
 * const issuer = await openIssuer({ config: "elsewhere/signet.json" }).catch((error) => {
 *   if (isSignetError(error, "config_missing", "no_active_key")) return undefined;
 *   throw error;
 * });
 * console.log(issuer); // undefined
 * ```
 *
 * @param error anything that was thrown
 * @param codes the codes to look for
 */
export function isSignetError(error: unknown, ...codes: ErrorCode[]): error is SignetError {
  return SignetError.isOne(error) && (!codes[0] || codes.includes(error.code));
}

/**
 * Tells whether a code belongs to a token that was refused, as opposed to a failure to find out.
 *
 * @example
 * ```ts
 * import { createVerifier, isTokenRefusal } from "signet-jwt/verify";
 *
 * const jwk = { kid: "a", kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" } as const;
 * const verifier = createVerifier({ keys: { keys: [jwk] }, issuer: "https://issuer.example", audience: "api" });
 * try {
 *   verifier.verify("no token");
 * } catch (error) {
 *   if (!isTokenRefusal(error)) throw error;
 *   console.log(error.code); // token_malformed
 * }
 * ```
 */
export function isTokenRefusal(error: unknown): error is SignetError {
  return SignetError.isOne(error) && error.code.startsWith("token_");
}

/**
 * The words of an error for a log. What a request did wrong is told in words to its sender, and they may repeat its text: the log has
 * the code alone. Why a proof was refused only the log is told, in words that rules have.
 */
export function loggableWords({ code, status, message }: SignetError): string | undefined {
  return status >= 500 || status === 409 || code === "proof_refused" ? message : undefined;
}

/** Names that are ours, or a standard's; others are their sender's, and may be private. */
const OWN_NAMES = /* @__PURE__ */ new Set(
  /* @__PURE__ */ (
    "claims iss sub aud exp nbf iat jti scope azp client_id ttl typ setIat setNbf setJti requests token audience jwksUri userId " +
    "grant_type action kid reason algorithm custody verifiersAccept dryRun crit jku jwk x5u x5c b64 zip enc epk " +
    "RequestType ResponseURL StackId RequestId LogicalResourceId ResourceProperties"
  ).split(" "),
);

/** As much of a field's path as names what is ours: what a log may hold. */
export function loggableField(field: string | undefined): string | undefined {
  if (field === undefined) return undefined;
  const names = field.split(".");
  const foreign = names.findIndex((name) => !OWN_NAMES.has(name) && !name.startsWith("SIGNET_"));
  return names.slice(0, foreign < 0 ? names.length : foreign).join(".") || undefined;
}

/** What is said instead of a message that may name this machine's files. */
export const INTERNAL_DETAIL = "the issuer cannot do this now; its log says why";

/** The failure as a stranger may be told it: what is unexpected, or concerns the installation, keeps its words to the log. */
export function toPublicError(error: unknown): SignetError {
  if (!isSignetError(error)) return new SignetError("internal", "something unexpected failed; the log says more");
  return error.status === 500 ? new SignetError(error.code, INTERNAL_DETAIL) : error;
}
