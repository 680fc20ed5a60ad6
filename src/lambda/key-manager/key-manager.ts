import { randomUUID } from "node:crypto";
import { type AwsParts, awsParts } from "../../assemble-aws.js";
import { environmentCredentials, noCredentials } from "../../aws/credentials.js";
import { presentSeconds } from "../../issue/issuer.js";
import { type CoreManager, coreManager, managerParts, sleepSeconds } from "../../rotation/manager.js";
import { createLog } from "../shared/log.js";
import { assertNamesWereRead } from "../shared/parsed-event.js";
import type { Environment } from "../shared/settings.js";
import { toldActiveKey } from "./active-key.js";
import {
  answerResource,
  isResourceRequest,
  type ResourceOutcome,
  type ResourceRequest,
  readResourceRequest,
} from "./custom-resource.js";
import { createManagerReport, type ManagerLog, managerNotices } from "./report.js";
import { perform } from "./request.js";
import { isRotationStep, rotateSecret } from "./secret-rotation.js";
import { managerSettingsOf } from "./settings.js";
import { COMPLETE, isRolledBack, markComplete } from "./stack-completion.js";
import { isInForce, keepStackKeys, type ManagerDeps, makeAliases, onlyRenewsOutputs } from "./stack-keys.js";
import { withTokenMetadata } from "./token-metadata.js";
import { beforeTheEnd, type ManagerContext, orAtLeast, whenFree } from "./within-time.js";

/** Answers an invocation of the key manager. */
export type ManagerHandler = (event: unknown, context: ManagerContext) => Promise<object>;

/** What tests put in place of the real thing. */
export interface KeyManagerOptions {
  /** NumericDate. */
  readonly clock?: () => number;
  readonly sleep?: (seconds: number) => Promise<void>;
}

/** The name of the template's custom resource. Within a stack of other things it has another one. */
const OWN_NAME = "Keys";

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
  const log = createLog(env, write);
  const notify = managerNotices(settings, parts.transport, log);

  const managerOf = ({ awsRequestId }: ManagerContext, request?: ResourceRequest): CoreManager =>
    coreManager(
      managerParts({
        clock: presentSeconds,
        ...options,
        // A stack may hold several issuers, each under a name of its own: its id names the first key of one alone.
        firstId: request?.LogicalResourceId === OWN_NAME ? idOf(settings.stackId) : undefined,
        stores: parts.stores,
        custodians: parts.custodians,
        settings: settings.rotation,
        notify,
        // CloudTrail knows who made the request of this id.
        actor: `${name}, request ${awsRequestId}`,
        onStep: (step) => report.step(awsRequestId, step),
      }),
    );

  const deps = { ...settings, parts, log, sleep, now: options.clock ?? presentSeconds };

  async function keepStack(request: ResourceRequest, context: ManagerContext): Promise<ResourceOutcome> {
    assertNamesWereRead(request);
    if (request.ResourceType === COMPLETE) return markComplete(request, parts, settings);
    const kept = whenFree(context, sleep, () => keepStackKeys(request, managerOf(context, request), deps));
    return request.RequestType === "Update" ? orTold(kept, request, context, { ...deps, report }) : kept;
  }

  async function answerStack(request: ResourceRequest, context: ManagerContext): Promise<object> {
    const outcome = await beforeTheEnd(context, keepStack(request, context), report);
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

// Keys are as they were, or are to be so again: what keeps a tick from its work, or a key from its proof, must fail no deployment, whose
// rollback it would fail as well, and no rollback. Callers' aliases are none of that.
function orTold(
  kept: Promise<ResourceOutcome>,
  request: ResourceRequest,
  context: ManagerContext,
  { report, ...deps }: ManagerDeps & { readonly report: ManagerLog },
): Promise<ResourceOutcome> {
  const { parts, rotation } = deps;
  const failed = (error: unknown) => report.failed(context.awsRequestId, error);
  return orAtLeast(context, kept, async (error) => {
    if (!isInForce(rotation, (await parts.stores.keyring.read())?.keyring)) throw error;
    if (!onlyRenewsOutputs(request)) {
      if (!(await isRolledBack(request, deps))) throw error;
      await makeAliases(request, parts);
    }
    failed(error);
    return { Status: "SUCCESS", Data: { ...(await toldActiveKey({ ...parts, sleep: deps.sleep }, failed)) } };
  });
}

/** The UUID at the end of a stack's ARN. */
function idOf(stackId: string | undefined): string | undefined {
  return stackId?.split("/").at(-1);
}

function partsOf(
  { rotation, stackId, hasTokenRoute, ...settings }: ReturnType<typeof managerSettingsOf>,
  env: Environment,
): AwsParts {
  const credentials = () => {
    const found = environmentCredentials(env);
    if (found === undefined) throw noCredentials();
    return found;
  };
  const { stores, ...parts } = awsParts({ ...settings, custody: rotation.custody, env, credentials, ownName: idOf(stackId) });
  const holder = `function ${env.AWS_LAMBDA_FUNCTION_NAME || "signet"} (${randomUUID()})`;
  // One environment of a function cannot tell whether another one still lives: the lease's expiry does.
  const publicDocuments = hasTokenRoute ? withTokenMetadata(stores.publicDocuments) : stores.publicDocuments;
  return { ...parts, stores: { ...stores, publicDocuments, holder: () => holder, stateOfHolder: () => "unknown" } };
}
