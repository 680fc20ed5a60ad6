import { assertInvocable } from "../aws/lambda-invoke.js";
import { isListOf, isObject, isText } from "../encoding/list-of.js";
import { isSignetError, SignetError } from "../errors.js";
import type { CoreManager } from "../rotation/manager.js";
import { awsAccess } from "./aws-access.js";
import { stackOfConfig } from "./stack-access.js";
import { functionOf, invoke } from "./stack-function.js";
import type { Surroundings } from "./surroundings.js";

/** Who changes keys: a manager of this process, or a stack's. */
export type KeyChanger = Pick<CoreManager, "rotate" | "revoke">;

/** The key manager of a stack, as its operator asks it: by invoking its function, and by nothing else. */
interface StackManager extends KeyChanger {
  /**
   * Makes sure that it may be invoked, without invoking it.
   *
   * @throws AwsFailure that names the right that is missing
   */
  assertInvocable(): Promise<void>;
}

/** The function ends itself after four minutes. */
const ANSWER_MS = 250_000;

/**
 * Finds the key manager of a stack in the region of the environment.
 *
 * @param config `stack:NAME`
 * @throws SignetError `usage` where there is no such stack, or it names no key manager
 */
export async function stackManager(surroundings: Surroundings, config: string): Promise<StackManager> {
  const arn = await functionOf(surroundings, config, "KeyManagerFunctionArn");
  const manager = { arn, what: "the key manager", waits: { attemptMs: ANSWER_MS, deadlineMs: ANSWER_MS } };
  function olderFunction(error: unknown): never {
    if (!isSignetError(error, "unknown_field")) throw error;
    const todo = `\`${surroundings.self} deploy --stack ${stackOfConfig(config)}\` updates it`;
    throw new SignetError(
      "unknown_field",
      `the key manager is of an older version than this command, and nothing was done: ${todo}`,
      {
        cause: error,
      },
    );
  }

  return Object.freeze({
    rotate({ dryRun = false, uploaded, token } = {}) {
      const event = {
        action: "rotate",
        dryRun,
        ...(uploaded !== undefined && { uploaded }),
        ...(token !== undefined && { token }),
      };
      return invoke(surroundings, manager, event, isRotateReport).catch(olderFunction);
    },
    revoke({ kid, reason, dryRun = false }) {
      const event = { action: "revoke", kid, dryRun, ...(reason !== undefined && { reason }) };
      return invoke(surroundings, manager, event, isRevokeReport).catch(olderFunction);
    },
    async assertInvocable() {
      const transport = awsAccess(surroundings, arn);
      await assertInvocable(transport, arn).finally(() => transport.close());
    },
  } satisfies StackManager);
}

type Rotated = Awaited<ReturnType<KeyChanger["rotate"]>>;
type Revoked = Awaited<ReturnType<KeyChanger["revoke"]>>;

function isRotateReport(value: unknown): value is Rotated {
  return isReport(value) && (value.rotated === null || isObject(value.rotated));
}

function isRevokeReport(value: unknown): value is Revoked {
  return isReport(value) && isObject(value.tokensAtRisk);
}

// Its version may be another one than this command's: what is relied on is looked at.
function isReport(value: unknown): value is Record<string, unknown> {
  if (!isObject(value)) return false;
  const { actions, waits, alerts, strays, nextAt } = value;
  const isSaid = (each: unknown): each is object => isObject(each) && isText(each.words);
  const isTime = nextAt === null || typeof nextAt === "number";
  return isTime && [actions, waits, strays].every((list) => isListOf(list, isSaid)) && isListOf(alerts, isText);
}
