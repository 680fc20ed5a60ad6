import { asArgument } from "../encoding/shell-argument.js";
import { type ErrorCode, SignetError, shortened } from "../errors.js";

/** A call that AWS refused, or that never got an answer. */
export class AwsFailure extends SignetError {
  /** AWS's own name of it: "AccessDeniedException"; "" where there was no answer. */
  readonly awsCode: string;

  constructor(code: ErrorCode, message: string, awsCode: string, cause?: unknown, retryAfterSeconds?: number) {
    super(code, message, { cause, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) });
    this.awsCode = awsCode;
  }
}

/** Tells whether AWS refused a call for one of these reasons. */
export function isAws(error: unknown, ...awsCodes: string[]): error is AwsFailure {
  return error instanceof AwsFailure && awsCodes.includes(error.awsCode);
}

/** A call, as far as an error names it. */
export interface CalledAction {
  /** The IAM action: "kms:Sign". */
  readonly action: string;
  /** What it acts on, for messages: an ARN, or a name. */
  readonly resource: string;
  readonly region: string;
}

/** The longest name of a resource that a message repeats: an ARN may be as long as this. */
export const MAX_RESOURCE = 256;

type Kind = "skew" | "throttled" | "unavailable" | "refused";

const SKEWED = /^(RequestTimeTooSkewed|RequestExpired|RequestInTheFuture|InvalidSignatureException|SignatureDoesNotMatch)$/;
const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|TooManyUpdates|ProvisionedThroughput/;
const BROKEN =
  /^(InternalFailure|InternalServiceError|InternalError|InternalServerError|KMSInternalException|ServiceUnavailable.*)$/;
const TRANSIENT =
  /^(RequestTimeout.*|DependencyTimeoutException|KeyUnavailableException|ConditionalRequestConflict|OperationAborted)$/;

/** What kind of failure an answer is: whether another try can help, and after which wait. */
export function kindOf(status: number, awsCode: string, message: string): Kind {
  if (SKEWED.test(awsCode) && (awsCode.startsWith("Request") || /expired|not yet current/i.test(message))) return "skew";
  if (status === 429 || THROTTLED.test(awsCode)) return "throttled";
  return status >= 500 || BROKEN.test(awsCode) || TRANSIENT.test(awsCode) ? "unavailable" : "refused";
}

const DENIED = /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|403)$/;
const NO_CREDENTIALS =
  /^(UnrecognizedClientException|InvalidClientTokenId|InvalidAccessKeyId|ExpiredToken|ExpiredTokenException|InvalidToken|InvalidSignatureException|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken|MissingAuthenticationTokenException)$/;
const UNUSABLE = /^(DisabledException|KMSInvalidStateException|InvalidKeyUsageException)$/;
/** What Parameter Store and Secrets Manager say of the KMS key that they encrypt with. */
const UNUSABLE_AT_REST = /^(InvalidKeyId|EncryptionFailure|DecryptionFailure)$/;

/** The error of an answer that no further try will change. It says what to do. */
export function refusal(asked: CalledAction, awsCode: string, message: string, status: number): AwsFailure {
  const called = { ...asked, resource: shortened(asked.resource, MAX_RESOURCE) };
  const { action, resource, region } = called;
  const [code, words] = explained(called, awsCode || String(status), message);
  return new AwsFailure(code, `${action} on ${resource} in ${region}: ${words}`, awsCode || String(status));
}

function explained({ action, resource, region }: CalledAction, awsCode: string, message: string): [ErrorCode, string] {
  if (DENIED.test(awsCode)) {
    return [
      "aws_access_denied",
      `access denied; allow ${action} on ${resource} to the role or user that calls, and in the key's or bucket's policy`,
    ];
  }
  if (NO_CREDENTIALS.test(awsCode))
    return ["aws_credentials", `AWS does not take the credentials (${awsCode}); renew them, or check the clock`];
  if (UNUSABLE.test(awsCode)) return ["key_unusable", unusable(resource, region, awsCode)];
  if (UNUSABLE_AT_REST.test(awsCode)) {
    return ["key_unusable", `the KMS key that encrypts it cannot be used (${awsCode}); is it here, symmetric and enabled?`];
  }
  if (/Redirect$|AuthorizationHeaderMalformed/.test(awsCode)) {
    return ["aws_not_found", `the bucket is in another region (${awsCode}); name its region, or a bucket of this one`];
  }
  if (/NotFound/.test(awsCode))
    return ["aws_not_found", `there is no such thing here (${awsCode}); is this the right region and account?`];
  // AWS's own words name resources, never a secret; they are cut all the same.
  return ["aws_refused", `AWS refused it (${awsCode}): ${message.slice(0, 200)}`];
}

// The commands that save it: until a scheduled deletion is carried out, it can be cancelled, which leaves the key disabled.
function unusable(key: string, region: string, awsCode: string): string {
  const command = (name: string) => `\`aws kms ${name} --region ${asArgument(region)} --key-id ${asArgument(key)}\``;
  if (awsCode === "DisabledException") return `the KMS key is disabled; enable it: ${command("enable-key")}`;
  if (awsCode !== "KMSInvalidStateException") return `the KMS key cannot be used (${awsCode})`;
  return `the KMS key is not enabled, or pending deletion; to save it: ${command("cancel-key-deletion")}, then ${command("enable-key")}`;
}

/** The error of an endpoint whose certificate is not believed. */
export function untrusted({ action, region }: CalledAction, code: string): AwsFailure {
  const words = `the endpoint's certificate is not trusted (${code}); is there a proxy in between? NODE_EXTRA_CA_CERTS adds a CA of your own`;
  return new AwsFailure("aws_unavailable", `${action} in ${region}: ${words}`, "");
}

/** A try that failed, and what would be done about it: how long the next one would wait. */
export interface Again {
  readonly waitMs: number;
  /** The status of the answer; absent where there was none. */
  readonly status?: number;
  readonly awsCode: string;
  /** Says where no answer came from. */
  readonly cause?: Error;
}

// A function of its own: in the template, which people read, an expression is one line.
function failingService(status: number, awsCode: string): string {
  const answer = `${status} ${awsCode}`.trim();
  return `the service fails: it answers ${answer} until the deadline; try again later, or see its log or AWS's health page`;
}

/** The error of a call that no try within the deadline brought through. */
export function unavailable(called: CalledAction, { waitMs, status, awsCode, cause }: Again): AwsFailure {
  const isThrottled = status === 429 || THROTTLED.test(awsCode);
  const retryAfterSeconds = isThrottled ? Math.max(1, Math.ceil(waitMs / 1_000)) : undefined;
  const { code = "" } = (cause?.cause ?? {}) as { readonly code?: string };
  const words = isThrottled
    ? `throttled until the deadline; try again after ${retryAfterSeconds} s, ask AWS for a higher quota, or call less often`
    : status === undefined
      ? `${cause?.message}${code && ` (${code})`} before the deadline; is the service reachable from here, and is this the right region?`
      : failingService(status, awsCode);
  return new AwsFailure(
    isThrottled ? "aws_throttled" : "aws_unavailable",
    `${called.action} on ${shortened(called.resource, MAX_RESOURCE)} in ${called.region}: ${words}`,
    awsCode,
    cause?.cause,
    retryAfterSeconds,
  );
}

/** The error of a call that other calls of this process left no time to. */
export function crowdedOut({ action, region }: CalledAction, most: number): AwsFailure {
  const words = `${most} other calls were under way until its deadline; ask for less at once`;
  return new AwsFailure("aws_throttled", `${action} in ${region}: ${words}`, "", undefined, 1);
}
