import type { Installation } from "../assemble.js";
import { isSignetError, SignetError } from "../errors.js";
import { overlapsInWords } from "../operator/caller-overlaps.js";
import { loadInstallation } from "../operator/load-installation.js";
import { stackOfConfig } from "../operator/stack-access.js";
import { namedCallers, stackCallers } from "../operator/stack-callers.js";
import { functionOf } from "../operator/stack-function.js";
import { type KeyChanger, stackManager } from "../operator/stack-manager.js";
import type { Surroundings } from "../operator/surroundings.js";
import { issueByStack } from "../operator/token-issue.js";
import type { KeysView } from "./contract.js";
import { type CallersAtHand, type IssuerAtHand, rememberingLog } from "./issuer-at-hand.js";
import { plainFailure } from "./plain-names.js";

/**
 * How long what a stack says of itself is believed: a deployment changes it, and each look asks CloudFormation, with credentials that are asked
 * for anew; or searches the log, which costs by its size.
 */
const KEPT_MS = 600_000;
/** How long a right is believed to be missing: it may be given meanwhile. */
const DENIED_MS = 60_000;
const LOG_DAYS = 30;

/**
 * The issuer of a stack, read with the operator's own credentials, and changed by its key manager alone.
 *
 * @param config `stack:NAME`
 * @throws SignetError `usage` where there is no such stack
 */
export async function stackIssuer(surroundings: Surroundings, config: string, now = Date.now): Promise<IssuerAtHand> {
  // What an issuer of this folder has on disk is nothing of the stack.
  const installation = kept(
    async () => withoutPrivateKeys(await loadInstallation(surroundings, config, { ignoresDisk: true })),
    now,
  );
  const manager = kept(() => stackManager(surroundings, config), now);
  const invocable = kept(
    () => whetherInvocable(manager),
    now,
    (answer) => (answer === true ? KEPT_MS : DENIED_MS),
  );
  const callers = kept(() => namedCallers(surroundings, config), now);
  const callersInUse = kept(async () => callersOf(surroundings, config, (await installation()).config.issuer), now);
  const issuerFunction = kept(() => functionOf(surroundings, config, "JWTIssuerFunctionArn"), now);
  const name = stackOfConfig(config);
  const { aws } = (await installation()).config;
  return Object.freeze({
    place: { kind: "stack" as const, words: `the stack ${name}${aws?.region === undefined ? "" : ` in ${aws.region}`}` },
    config,
    installation,
    ...rememberingLog(installation),
    async changer(onStep: (words: string) => void): Promise<KeyChanger> {
      return (await manager()).changer(onStep);
    },
    rights: () => rightsBy(invocable),
    callers,
    callersInUse,
    issue: async (asked) => ({ token: await issueByStack(surroundings, config, asked), notes: [] }),
    issuePlace: async (alias: string | undefined) => ({ functionArn: await issuerFunction(), alias }),
  } satisfies IssuerAtHand);
}

/**
 * Where the private key stands in the active document, it is not read: a page that asks three times a minute would fetch it as often, and the
 * entries of that in CloudTrail would hide a thief's.
 */
function withoutPrivateKeys(installation: Installation): Installation {
  const { stores } = installation;
  const read: typeof stores.active.read = async () => {
    const keys = (await stores.keyring.read())?.keyring.keys ?? [];
    if (!keys.some(({ custody }) => custody === "parameter-store")) return stores.active.read();
    throw new SignetError("aws_access_denied", "it holds the private key, which stays where it is; the key manager looks at it");
  };
  const closed = { ...stores, active: { ...stores.active, read } };
  return { ...installation, stores: closed, manager: (more) => installation.manager({ ...more, stores: closed }) };
}

/** True, or why the right is missing. What fails otherwise may be over with the next try. */
async function whetherInvocable(manager: () => ReturnType<typeof stackManager>): Promise<true | string> {
  try {
    await (await manager()).assertInvocable();
    return true;
  } catch (error) {
    if (!isSignetError(error, "aws_access_denied")) throw error;
    return plainFailure(error);
  }
}

async function rightsBy(invocable: () => Promise<true | string>): Promise<KeysView["rights"]> {
  try {
    const right = await invocable();
    return { rotate: right, revoke: right };
  } catch (error) {
    if (!isSignetError(error)) throw error;
    return { rotate: plainFailure(error), revoke: plainFailure(error) };
  }
}

async function callersOf(surroundings: Surroundings, config: string, issuer: string | undefined): Promise<CallersAtHand> {
  const { callers, uses, days, failure, doubts } = await stackCallers(surroundings, config, LOG_DAYS);
  const proofs = callers.map(({ name, trusts, exchanges, keys }) => [name, { trusts, exchanges, keys }] as const);
  return {
    callers,
    uses: new Map([...(uses?.callers ?? [])].map(([name, { lastUsedAt }]) => [name, lastUsedAt])),
    span: ` in the last ${days === 1 ? "day" : `${days} days`}`,
    unknown: new Set(uses === undefined ? callers.map(({ name }) => name) : []),
    failure: failure === undefined ? null : plainFailure(failure),
    doubts: [...doubts, ...overlapsInWords(Object.fromEntries(proofs), issuer)],
  };
}

/** Asks again once an answer is old. A failure is not kept. */
function kept<T>(ask: () => Promise<T>, now: () => number, keptMs: (answer: T) => number = () => KEPT_MS): () => Promise<T> {
  let held: { until: number; readonly answer: Promise<T> } | undefined;
  return () => {
    if (held !== undefined && now() < held.until) return held.answer;
    const mine: typeof held = { until: Number.POSITIVE_INFINITY, answer: ask() };
    const forget = (): void => {
      if (held === mine) held = undefined;
    };
    mine.answer.then((answer) => {
      mine.until = now() + keptMs(answer);
    }, forget);
    held = mine;
    return mine.answer;
  };
}
