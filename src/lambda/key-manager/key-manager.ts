import { randomUUID } from "node:crypto";
import { type AwsParts, awsParts } from "../../assemble-aws.js";
import { environmentCredentials, noCredentials } from "../../aws/credentials.js";
import { isSignetError, SignetError } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import { type CoreManager, coreManager, managerParts, sleepSeconds } from "../../rotation/manager.js";
import { createLog } from "../shared/log.js";
import { assertNamesWereRead } from "../shared/parsed-event.js";
import type { Environment } from "../shared/settings.js";
import {
  answerResource,
  isResourceRequest,
  type ResourceOutcome,
  type ResourceRequest,
  readResourceRequest,
} from "./custom-resource.js";
import { createManagerReport, managerNotices } from "./report.js";
import { perform } from "./request.js";
import { isRotationStep, rotateSecret } from "./secret-rotation.js";
import { managerSettingsOf } from "./settings.js";
import { COMPLETE, markComplete } from "./stack-completion.js";
import { keepStackKeys } from "./stack-keys.js";

/** What Lambda says of an invocation, as far as it is looked at. */
export interface ManagerContext {
  readonly awsRequestId: string;
  readonly invokedFunctionArn: string;
  getRemainingTimeInMillis(): number;
}

/** Answers an invocation of the key manager. */
export type ManagerHandler = (event: unknown, context: ManagerContext) => Promise<object>;

/** What tests put in place of the real thing. */
export interface KeyManagerOptions {
  /** NumericDate. */
  readonly clock?: () => number;
  readonly sleep?: (seconds: number) => Promise<void>;
}

/** CloudFormation waits for an answer: so much of the function's time is kept for giving one. */
const ANSWER_MS = 10_000;
/** What keeping keys takes at the most, beside the waiting for others. */
const LAST_TRY_MS = 60_000;
const RETRY_SECONDS = 5;

/** Makes the key manager's handler: ticks, what an operator asks for, its stack's custom resource, Secrets Manager's rotations. */
export function createKeyManager(
  env: Environment,
  write: (line: string) => void,
  options: KeyManagerOptions = {},
): ManagerHandler {
  const settings = managerSettingsOf(env);
  const { sleep = sleepSeconds } = options;
  const parts = partsOf(settings, env);
  const name = `function ${env.AWS_LAMBDA_FUNCTION_NAME || "signet"}`;
  const report = createManagerReport(settings, env, write);
  const notify = managerNotices(settings, parts.transport, createLog(env, write));

  const managerOf = ({ awsRequestId }: ManagerContext): CoreManager =>
    coreManager(
      managerParts({
        clock: presentSeconds,
        ...options,
        firstId: idOf(settings.stackId),
        stores: parts.stores,
        custodians: parts.custodians,
        settings: settings.rotation,
        notify,
        // CloudTrail knows who made the request of this id.
        actor: `${name}, request ${awsRequestId}`,
        onStep: (step) => report.step(awsRequestId, step),
      }),
    );

  const deps = { ...settings, parts, now: options.clock ?? presentSeconds };

  async function keepStack(request: ResourceRequest, context: ManagerContext): Promise<ResourceOutcome> {
    assertNamesWereRead(request);
    if (request.ResourceType === COMPLETE) return markComplete(request, parts, settings);
    return whenFree(context, sleep, () => keepStackKeys(request, managerOf(context), deps));
  }

  async function answerStack(request: ResourceRequest, context: ManagerContext): Promise<object> {
    const outcome = await beforeTheEnd(context, keepStack(request, context), (error) =>
      report.failed(context.awsRequestId, error),
    );
    await answerResource(request, request.PhysicalResourceId ?? `${settings.installation}-${request.LogicalResourceId}`, outcome);
    report.answered(context.awsRequestId, { request: request.RequestType, outcome: outcome.Status });
    return {};
  }

  return async (event, context) => {
    try {
      if (isResourceRequest(event)) return await answerStack(readResourceRequest(event, settings), context);
      assertNamesWereRead(event);
      if (isRotationStep(event)) {
        await rotateSecret(event, managerOf(context), deps);
        report.answered(context.awsRequestId, { request: event.Step, outcome: "SUCCESS" });
        return {};
      }
      const answer = await perform(managerOf(context), event);
      report.done(context.awsRequestId, answer);
      return answer;
    } catch (error) {
      throw report.failed(context.awsRequestId, error);
    }
  };
}

// A tick may be at work: a stack's update need not fail for that, and its rollback must not.
async function whenFree<T>(context: ManagerContext, sleep: typeof sleepSeconds, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isSignetError(error, "lease_held") || context.getRemainingTimeInMillis() < LAST_TRY_MS) throw error;
      await sleep(RETRY_SECONDS);
    }
  }
}

// CloudFormation gets an answer on every path, also where the function's time is nearly over.
async function beforeTheEnd(
  context: ManagerContext,
  work: Promise<ResourceOutcome>,
  failed: (error: unknown) => Error,
): Promise<ResourceOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new SignetError("not_ready", "the function's time was over before the keys were ready; the next tick goes on");
    timer = setTimeout(reject, Math.max(0, context.getRemainingTimeInMillis() - ANSWER_MS), error);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    return { Status: "FAILED", Reason: failed(error).message };
  } finally {
    clearTimeout(timer);
  }
}

/** The UUID at the end of a stack's ARN. */
function idOf(stackId: string | undefined): string | undefined {
  return stackId?.split("/").at(-1);
}

function partsOf({ rotation, stackId, ...settings }: ReturnType<typeof managerSettingsOf>, env: Environment): AwsParts {
  const credentials = () => {
    const found = environmentCredentials(env);
    if (found === undefined) throw noCredentials();
    return found;
  };
  const { stores, ...parts } = awsParts({ ...settings, custody: rotation.custody, env, credentials, ownName: idOf(stackId) });
  const holder = `function ${env.AWS_LAMBDA_FUNCTION_NAME || "signet"} (${randomUUID()})`;
  // One environment of a function cannot tell whether another one still lives: the lease's expiry does.
  return { ...parts, stores: { ...stores, holder: () => holder, stateOfHolder: () => "unknown" } };
}
