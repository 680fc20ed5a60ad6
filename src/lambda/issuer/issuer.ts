import { monotonicMs } from "../../encoding/monotonic.js";
import { SignetError, toPublicError } from "../../errors.js";
import { callerOfProofAlias, hasProofs } from "../../issue/alias-callers.js";
import { type Callers, createCallers } from "../../issue/callers.js";
import { encodeRequest } from "../../issue/encode.js";
import {
  createImmediateIssuer,
  type ImmediateIssuer,
  type IssuedToken,
  presentSeconds,
  publicResult,
} from "../../issue/issuer.js";
import { provenIssuer } from "../../issue/proven-request.js";
import { createRates } from "../../issue/rate.js";
import { checkBatch, type IssueRequest, isBatch } from "../../issue/request.js";
import { DEFAULT_LIMITS, type Limits } from "../../settings/limits.js";
import { type HttpAnswer, httpAnswer, httpProblem, identityOf, isHttpEvent, readHttpEvent } from "../shared/http-event.js";
import { assertNamesWereRead, issueWellRead } from "../shared/parsed-event.js";
import { type Answer, createReport, errorWithoutStack, type Report } from "../shared/report.js";
import { type Environment, type Settings, settingsOf } from "../shared/settings.js";
import { within } from "../shared/within.js";
import { assertBatchFits } from "./batch-size.js";
import { createSigningKey, type FunctionKey } from "./signing-key.js";

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
  /** Answers what the alias for the caller's proofs is sent, which takes nothing else. */
  readonly issueProven?: (event: unknown) => IssuedToken | Promise<IssuedToken>;
}

/** As much of an invocation's time is for calls to AWS; in the rest what was signed is written and answered. */
const TIME_FOR_CALLS = 0.9;
/** API Gateway ends a request after 29 seconds: what AWS refused is told before, with its Retry-After. */
const HTTP_CALLS_MS = 25_000;

/** Looks at a batch before anything is signed. */
type CheckSize = (requests: readonly IssueRequest[], caller: ResolvedCaller) => Promise<void>;

/** A function that has started. */
export interface StartedIssuer {
  readonly handler: Handler;
  /** Never rejected: the key is open, or could not be opened, or takes longer than INIT waits for it. */
  readonly ready: Promise<void>;
}

/** How long INIT waits for the key. Lambda gives it ten seconds in all; what takes longer the first invocation waits for. */
const MAX_INIT_MS = 5_000;

/** Makes the function's handler alone. */
export function createHandler(env: Environment, write: (line: string) => void): Handler {
  return startIssuer(env, write).handler;
}

/** Starts the function. The key is opened at once; where that fails, the next invocation tries again. */
export function startIssuer(env: Environment, write: (line: string) => void): StartedIssuer {
  const settings = settingsOf(env);
  const report = createReport(settings, env, write);
  const calls: Calls = { endsBy: Number.POSITIVE_INFINITY };
  const key = createSigningKey(settings, env, {
    ...report,
    endsBy: () => calls.endsBy,
    inBackground(confirm) {
      calls.confirm = confirm;
    },
  });
  const { limits, tokens } = settings;
  // The template gives each stack with an API a URL, which is then where that is, and no iss.
  const issuer = tokens.iss === undefined ? settings.issuer : undefined;
  const issuing = { signer: key, issuer, limits, tokens, clock: presentSeconds };
  const rates = createRates();
  const callers = createCallers(issuing, settings.callers, rates);
  const own = createImmediateIssuer({
    ...issuing,
    // An invocation without an alias is no caller, and may not name one.
    isOtherCaller: (name) => callers.named(name) !== undefined,
    rate: rates("", limits.maxTokensPerMinute),
  });
  const parts = { env, settings, callers, key, calls };

  // What runs for the first time takes long, and in INIT a small function has more of a processor. This token goes to no caller: no limit,
  // rate, log or metric sees it, and no service is asked for its signature.
  async function warmUp(): Promise<void> {
    await key.refresh();
    const trial = createImmediateIssuer({ signer: await key.openForTrial() });
    const handler = handlerOf({ ...parts, own: trial, report: createReport(settings, env, () => undefined) });
    const request = { claims: {}, setIat: true, setJti: true, ttl: 1 };
    await handler(request, { awsRequestId: "", invokedFunctionArn: "" }).catch(() => undefined);
  }

  return { handler: handlerOf({ ...parts, own, report }), ready: within(MAX_INIT_MS, warmUp().catch(report.unready)) };
}

/** The calls to AWS of the invocations. */
interface Calls {
  /** Until when their answers are waited for. */
  endsBy: number;
  /** Confirms the key, where that is due: after an answer, so that no invocation waits for that, or pays for it. */
  confirm?: (() => void) | undefined;
}

/** What a handler is made of. */
interface HandlerParts {
  readonly env: Environment;
  readonly settings: Settings;
  readonly callers: Callers;
  readonly key: FunctionKey;
  readonly calls: Calls;
  /** Issues where no alias was invoked. */
  readonly own: ImmediateIssuer;
  readonly report: Report;
}

function handlerOf({ env, settings, callers, key, calls, own, report }: HandlerParts): Handler {
  const limits = { ...DEFAULT_LIMITS, ...settings.limits };

  // The alias is the caller: IAM has checked that it may be invoked.
  function resolveCaller({ invokedFunctionArn }: InvocationContext): ResolvedCaller {
    const alias = invokedFunctionArn.split(":")[7];
    if (alias === undefined || alias === "$LATEST") return { issuer: own, limits };
    const caller = callers.named(alias);
    if (caller !== undefined) return { name: caller.name, issuer: caller.issuer, limits: caller.limits };
    const proven = callerOfProofs(alias, settings.callers, callers);
    if (proven === undefined) throw new SignetError("function_unknown", "no caller has the name of this alias or version");
    return proven;
  }

  const checkSize: CheckSize = async (requests, { limits: { fixedClaims } }) => {
    const { signer } = await key.current(presentSeconds());
    const memoryMb = Number(env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE) || undefined;
    assertBatchFits(requests, { memoryMb, alg: signer.alg, fixedClaims: { ...fixedClaims, iss: settings.tokens.iss } });
  };

  return async (event, context) => {
    const began = monotonicMs();
    const isHttp = settings.http && isHttpEvent(event);
    const forCallsMs = (context.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY) * TIME_FOR_CALLS;
    calls.endsBy = Date.now() + Math.min(forCallsMs, isHttp ? HTTP_CALLS_MS : Number.POSITIVE_INFINITY);
    let caller: ResolvedCaller | undefined;
    const identity = isHttp ? identityOf(event.requestContext) : undefined;
    const invocation = () => ({ requestId: context.awsRequestId, caller: caller?.name, identity, ms: elapsed(began) });
    try {
      caller = resolveCaller(context);
      const answer = await (isHttp && caller.issueProven === undefined
        ? issuedOverHttp(caller, event, checkSize, settings.issuer)
        : issuedFromEvent(caller, event, checkSize));
      report.answered(invocation(), answer, key.inUse());
      const told = "results" in answer ? { results: answer.results.map(publicResult) } : answer;
      return isHttp ? httpAnswer(told) : told;
    } catch (error) {
      report.refused(invocation(), error);
      if (isHttp) return httpProblem(error);
      // What Lambda answers is made of the name, the message and the stack.
      const { code, message, retryAfterSeconds } = toPublicError(error);
      throw errorWithoutStack(code, message, retryAfterSeconds);
    } finally {
      // Lambda's runtime clients post an answer before a timer's turn comes.
      if (calls.confirm !== undefined) setTimeout(confirmNow, 0, calls);
    }
  };
}

// Only the function of POST /token, which has verified the proof, is meant to invoke its alias.
function callerOfProofs(alias: string, given: Settings["callers"], callers: Callers): ResolvedCaller | undefined {
  const name = callerOfProofAlias(alias);
  const proving = given.find((each) => each.name === name && hasProofs(each));
  const caller = proving && callers.named(proving.name);
  if (caller === undefined) return undefined;
  return {
    ...{ name: caller.name, issuer: caller.issuer, limits: caller.limits },
    issueProven(event) {
      const { issuer, request } = provenIssuer(caller, event);
      return issuer.issue(request);
    },
  };
}

function confirmNow(calls: Calls): void {
  calls.endsBy = Number.POSITIVE_INFINITY;
  calls.confirm?.();
  calls.confirm = undefined;
}

async function issuedOverHttp(
  caller: ResolvedCaller,
  event: Parameters<typeof readHttpEvent>[0],
  checkSize: CheckSize,
  issuer: string | undefined,
): Promise<Answer> {
  const { route, body } = readHttpEvent(event, ["/issue", "/encode"], issuer);
  const maxTtlSeconds = caller.limits.maxTtlSeconds ?? DEFAULT_LIMITS.maxTtlSeconds;
  const value = route === "/encode" ? encodeRequest(body, { maxTtlSeconds }) : body;
  if (!isBatch(value)) return caller.issuer.issue(value as IssueRequest);
  const requests = checkBatch(value);
  await checkSize(requests, caller);
  return { results: await caller.issuer.issueMany(requests) };
}

// What Lambda has parsed. A batch is looked at one by one, so that one request does not stop the others.
async function issuedFromEvent(caller: ResolvedCaller, event: unknown, checkSize: CheckSize): Promise<Answer> {
  if (caller.issueProven !== undefined) {
    assertNamesWereRead(event);
    return caller.issueProven(event);
  }
  if (isBatch(event)) {
    const requests = checkBatch(event);
    await checkSize(requests, caller);
    return { results: await issueWellRead(caller.issuer, requests) };
  }
  assertNamesWereRead(event);
  return caller.issuer.issue(event as IssueRequest);
}

function elapsed(began: number): number {
  return Math.round((monotonicMs() - began) * 1_000) / 1_000;
}
