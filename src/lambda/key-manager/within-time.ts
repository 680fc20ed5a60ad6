import { isSignetError, SignetError } from "../../errors.js";
import type { ResourceOutcome } from "./custom-resource.js";
import type { ManagerLog } from "./report.js";

/** What Lambda says of an invocation, as far as it is looked at. */
export interface ManagerContext {
  readonly awsRequestId: string;
  readonly invokedFunctionArn: string;
  getRemainingTimeInMillis(): number;
}

/** CloudFormation waits for an answer: so much of the function's time is kept for giving one. */
const ANSWER_MS = 10_000;
/** And so much for what is told instead. */
const FALLBACK_MS = 30_000;
/** What keeping keys takes at the most, beside the waiting for others. */
const LAST_TRY_MS = 60_000;
const RETRY_SECONDS = 5;

/** Works once no tick is at work: a stack's update need not fail for that, and its rollback must not. */
export async function whenFree<T>(
  context: ManagerContext,
  sleep: (seconds: number) => Promise<void>,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isSignetError(error, "lease_held") || context.getRemainingTimeInMillis() < LAST_TRY_MS) throw error;
      await sleep(RETRY_SECONDS);
    }
  }
}

/** Answers CloudFormation on every path, also where the function's time is nearly over. */
export async function beforeTheEnd(
  context: ManagerContext,
  work: Promise<ResourceOutcome>,
  report: Pick<ManagerLog, "failed">,
): Promise<ResourceOutcome> {
  try {
    return await untilLeft(ANSWER_MS, context, work);
  } catch (error) {
    return { Status: "FAILED", Reason: report.failed(context.awsRequestId, error).message };
  }
}

/** What some work answers, or, where that fails or takes too long, what there is to say at least. */
export async function orAtLeast<T>(
  context: ManagerContext,
  work: Promise<T>,
  atLeast: (error: unknown) => Promise<T>,
): Promise<T> {
  try {
    return await untilLeft(FALLBACK_MS, context, work);
  } catch (error) {
    return atLeast(error);
  }
}

async function untilLeft<T>(milliseconds: number, context: ManagerContext, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new SignetError("not_ready", "the function's time was over before the keys were ready; the next tick goes on");
    timer = setTimeout(reject, Math.max(0, context.getRemainingTimeInMillis() - milliseconds), error);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
