import { setTimeout as delay } from "node:timers/promises";
import { assertInvocable } from "../aws/lambda-invoke.js";
import { isListOf, isObject, isText } from "../encoding/list-of.js";
import { isSignetError, SignetError } from "../errors.js";
import type { CoreManager } from "../rotation/manager.js";
import type { Report } from "../rotation/report.js";
import { awsAccess } from "./aws-access.js";
import { stackOfConfig } from "./stack-access.js";
import { functionOf, invoke } from "./stack-function.js";
import type { Surroundings } from "./surroundings.js";

/** Who changes keys: a manager of this process, or a stack's. */
export type KeyChanger = Pick<CoreManager, "rotate" | "revoke">;

/** The key manager of a stack, as its operator asks it: by invoking its function, and by nothing else. */
interface StackManager {
  /** What asks it. @param onStep told of each step before it is done */
  changer(onStep: (words: string) => void): KeyChanger;
  /**
   * Makes sure that it may be invoked, without invoking it.
   *
   * @throws AwsFailure that names the right that is missing
   */
  assertInvocable(): Promise<void>;
}

/** The function ends itself after four minutes. */
const ANSWER_MS = 250_000;
const PAUSE_MS = 5_000;

/** How time passes. */
interface Waiting {
  /** Milliseconds. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/**
 * Finds the key manager of a stack in the region of the environment.
 *
 * @param config `stack:NAME`
 * @throws SignetError `usage` where there is no such stack, or it names no key manager
 */
export async function stackManager(
  surroundings: Surroundings,
  config: string,
  { now, sleep }: Waiting = { now: Date.now, sleep: delay },
): Promise<StackManager> {
  const arn = await functionOf(surroundings, config, "KeyManagerFunctionArn");
  const name = stackOfConfig(config);
  function olderFunction(error: unknown): never {
    if (!isSignetError(error, "unknown_field")) throw error;
    const todo = `\`${surroundings.self} deploy --stack ${name}\` updates it`;
    throw new SignetError(
      "unknown_field",
      `the key manager is of an older version than this command, and nothing was done: ${todo}`,
      { cause: error },
    );
  }

  /** @param gone what is answered where the key is there no more when the request has to be sent again */
  async function asked<T extends Report>(
    event: Readonly<Record<string, string | boolean | undefined>>,
    isAnswer: (value: unknown) => value is T,
    onStep: (words: string) => void,
    gone?: T,
  ): Promise<T> {
    let isRepeated = false;
    const onRetry = (): void => {
      isRepeated = true;
    };
    const manager = { arn, what: "the key manager", waits: { attemptMs: ANSWER_MS, deadlineMs: ANSWER_MS, onRetry } };
    const endsAt = now() + ANSWER_MS;
    onStep(`ask the key manager of the stack ${name}`);
    for (;;) {
      try {
        const report = await invoke(surroundings, manager, event, isAnswer);
        return isRepeated && event.dryRun !== true ? { ...report, alerts: [...report.alerts, LOST] } : report;
      } catch (error) {
        if (isRepeated && gone !== undefined && isSignetError(error, "key_not_found")) return gone;
        // The manager that works there may do what this very request has asked for.
        if (!isRepeated || !isSignetError(error, "lease_held") || now() + PAUSE_MS > endsAt) return olderFunction(error);
        onStep("the answer was lost, and a manager is at work there, on your own request for all that is known: ask again");
        await sleep(PAUSE_MS);
      }
    }
  }

  return Object.freeze({
    changer: (onStep: (words: string) => void): KeyChanger => ({
      // What is undefined is left out of JSON.
      rotate: ({ dryRun = false, uploaded, token, expected } = {}) =>
        asked({ action: "rotate", dryRun, uploaded, token, expected }, isRotateReport, onStep),
      revoke: ({ kid, reason, dryRun = false, expected }) => {
        const gone = expected === undefined ? undefined : goneReport(kid);
        return asked({ action: "revoke", kid, dryRun, reason, expected }, isRevokeReport, onStep, gone);
      },
    }),
    async assertInvocable() {
      const transport = awsAccess(surroundings, arn);
      await assertInvocable(transport, arn).finally(() => transport.close());
    },
  } satisfies StackManager);
}

const LOST =
  "the request was sent again, since its first answer did not come: what was done by the first one stands in the audit log";

// It was there when it was looked at, and a key that is revoked leaves at once where none has to take over.
function goneReport(kid: string): Revoked {
  const actions = [{ kind: "remove" as const, words: `revoke key ${kid}: it has left the keyring` }];
  const tokensAtRisk = { issuedFrom: null, issuedUntil: null, latestExpiry: null, cachedUntil: 0 };
  return { actions, waits: [], alerts: [LOST], strays: [], nextAt: null, blockedBy: null, tokensAtRisk };
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
