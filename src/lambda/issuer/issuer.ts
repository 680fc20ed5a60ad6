import { monotonicMs } from "../../encoding/monotonic.js";
import { SignetError, toPublicError } from "../../errors.js";
import { createCallers } from "../../issue/callers.js";
import { encodeRequest } from "../../issue/encode.js";
import { createImmediateIssuer, type ImmediateIssuer, presentSeconds, publicResult } from "../../issue/issuer.js";
import { createRates } from "../../issue/rate.js";
import { checkBatch, type IssueRequest, isBatch } from "../../issue/request.js";
import { DEFAULT_LIMITS, type Limits } from "../../settings/limits.js";
import { type HttpAnswer, httpAnswer, httpProblem, identityOf, isHttpEvent, readHttpEvent } from "../shared/http-event.js";
import { assertNamesWereRead, issueWellRead } from "../shared/parsed-event.js";
import { type Answer, createReport, errorWithoutStack } from "../shared/report.js";
import { type Environment, settingsOf } from "../shared/settings.js";
import { assertBatchFits } from "./batch-size.js";
import { createSigningKey } from "./signing-key.js";

/** What Lambda says of an invocation, as far as it is looked at. */
export interface InvocationContext {
  readonly awsRequestId: string;
  /** Ends in `:ALIAS` where an alias was invoked. */
  readonly invokedFunctionArn: string;
  /** How long until Lambda ends the invocation, and with it whatever was signed. */
  readonly getRemainingTimeInMillis?: () => number;
}

/** Answers an invocation. */
export type Handler = (event: unknown, context: InvocationContext) => Promise<Answer | HttpAnswer>;

/** Who sent the request, and what may be issued to them. */
interface ResolvedCaller {
  /** Absent where no alias was invoked. */
  readonly name?: string;
  readonly issuer: ImmediateIssuer;
  readonly limits: Partial<Limits>;
}

/** As much of an invocation's time is for calls to AWS; in the rest what was signed is written and answered. */
const TIME_FOR_CALLS = 0.9;

/** Looks at a batch before anything is signed. */
type CheckSize = (requests: readonly IssueRequest[], caller: ResolvedCaller) => Promise<void>;

/** Makes the function's handler. The key is opened at once; where that fails, the next invocation tries again. */
export function createHandler(env: Environment, write: (line: string) => void): Handler {
  const settings = settingsOf(env);
  const report = createReport(settings, env, write);
  let endsBy = Number.POSITIVE_INFINITY;
  const key = createSigningKey(settings, env, { ...report, endsBy: () => endsBy });
  const issuing = { signer: key, issuer: settings.issuer, limits: settings.limits, clock: presentSeconds };
  const rates = createRates();
  const callers = createCallers(issuing, settings.callers, rates);
  const own = createImmediateIssuer({
    ...issuing,
    // An invocation without an alias is no caller, and may not name one.
    isOtherCaller: (name) => callers.named(name) !== undefined,
    rate: rates("", settings.limits.maxTokensPerMinute),
  });
  const limits = { ...DEFAULT_LIMITS, ...settings.limits };
  key.refresh().catch(report.unready);

  // The alias is the caller: IAM has checked that it may be invoked.
  function resolveCaller({ invokedFunctionArn }: InvocationContext): ResolvedCaller {
    const alias = invokedFunctionArn.split(":")[7];
    if (alias === undefined || alias === "$LATEST") return { issuer: own, limits };
    const caller = callers.named(alias);
    if (caller === undefined) throw new SignetError("function_unknown", "no caller has the name of this alias or version");
    return { name: caller.name, issuer: caller.issuer, limits: caller.limits };
  }

  const checkSize: CheckSize = async (requests, { limits: { fixedClaims } }) => {
    const { signer } = await key.current(presentSeconds());
    const memoryMb = Number(env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE) || undefined;
    assertBatchFits(requests, { memoryMb, alg: signer.alg, fixedClaims });
  };

  return async (event, context) => {
    const began = monotonicMs();
    endsBy = Date.now() + (context.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY) * TIME_FOR_CALLS;
    const isHttp = settings.http && isHttpEvent(event);
    let caller: ResolvedCaller | undefined;
    const identity = isHttp ? identityOf(event.requestContext) : undefined;
    const invocation = () => ({ requestId: context.awsRequestId, caller: caller?.name, identity, ms: elapsed(began) });
    try {
      caller = resolveCaller(context);
      const answer = await (isHttp ? issuedOverHttp(caller, event, checkSize) : issuedFromEvent(caller, event, checkSize));
      report.answered(invocation(), answer, key.inUse());
      return isHttp ? httpAnswer(answer) : answer;
    } catch (error) {
      report.refused(invocation(), error);
      if (isHttp) return httpProblem(error);
      // What Lambda answers is made of the name and the message.
      const { code, message } = toPublicError(error);
      throw errorWithoutStack(code, message);
    }
  };
}

async function issuedOverHttp(
  caller: ResolvedCaller,
  event: Parameters<typeof readHttpEvent>[0],
  checkSize: CheckSize,
): Promise<Answer> {
  const { route, body } = readHttpEvent(event, ["/issue", "/encode"]);
  const maxTtlSeconds = caller.limits.maxTtlSeconds ?? DEFAULT_LIMITS.maxTtlSeconds;
  const value = route === "/encode" ? encodeRequest(body, { maxTtlSeconds }) : body;
  if (!isBatch(value)) return caller.issuer.issue(value as IssueRequest);
  const requests = checkBatch(value);
  await checkSize(requests, caller);
  return { results: (await caller.issuer.issueMany(requests)).map(publicResult) };
}

// What Lambda has parsed. A batch is looked at one by one, so that one request does not stop the others.
async function issuedFromEvent(caller: ResolvedCaller, event: unknown, checkSize: CheckSize): Promise<Answer> {
  if (isBatch(event)) {
    const requests = checkBatch(event);
    await checkSize(requests, caller);
    return { results: (await issueWellRead(caller.issuer, requests)).map(publicResult) };
  }
  assertNamesWereRead(event);
  return caller.issuer.issue(event as IssueRequest);
}

function elapsed(began: number): number {
  return Math.round((monotonicMs() - began) * 1_000) / 1_000;
}
