import { isSignetError } from "../errors.js";
import { overlapsInWords } from "../operator/caller-overlaps.js";
import { loadInstallation } from "../operator/load-installation.js";
import { stackOfConfig } from "../operator/stack-access.js";
import { stackCallers } from "../operator/stack-callers.js";
import { functionOf } from "../operator/stack-function.js";
import { type KeyChanger, stackManager } from "../operator/stack-manager.js";
import type { Surroundings } from "../operator/surroundings.js";
import { issueByStack } from "../operator/token-issue.js";
import type { KeysView } from "./contract.js";
import { type CallersAtHand, type IssuerAtHand, rememberingLog } from "./issuer-at-hand.js";

/** How long what a stack says of itself is believed: a deployment changes it, and each look asks CloudFormation. */
const KEPT_MS = 60_000;
const LOG_DAYS = 30;

/**
 * The issuer of a stack, read with the operator's own credentials, and changed by its key manager alone.
 *
 * @param config `stack:NAME`
 * @throws SignetError `usage` where there is no such stack
 */
export async function stackIssuer(surroundings: Surroundings, config: string, now = Date.now): Promise<IssuerAtHand> {
  // What an issuer of this folder has on disk is nothing of the stack.
  const installation = kept(() => loadInstallation(surroundings, config, { ignoresDisk: true }), now);
  const manager = kept(() => stackManager(surroundings, config), now);
  const rights = kept(() => rightsOf(manager), now);
  const callers = kept(async () => callersOf(surroundings, config, (await installation()).config.issuer), now);
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
    rights,
    callers,
    issue: (asked) => issueByStack(surroundings, config, asked),
    issuePlace: async (alias: string | undefined) => ({ functionArn: await issuerFunction(), alias }),
  } satisfies IssuerAtHand);
}

async function rightsOf(manager: () => ReturnType<typeof stackManager>): Promise<KeysView["rights"]> {
  try {
    await (await manager()).assertInvocable();
    return { rotate: true, revoke: true };
  } catch (error) {
    if (!isSignetError(error)) throw error;
    return { rotate: error.message, revoke: error.message };
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
    failure: failure?.message ?? null,
    doubts: [...doubts, ...overlapsInWords(Object.fromEntries(proofs), issuer)],
  };
}

/** Asks again once an answer is old. A failure is not kept. */
function kept<T>(ask: () => Promise<T>, now: () => number): () => Promise<T> {
  let held: { readonly at: number; readonly answer: Promise<T> } | undefined;
  return () => {
    if (held !== undefined && now() - held.at < KEPT_MS) return held.answer;
    const answer = ask().catch((error: unknown) => {
      held = undefined;
      throw error;
    });
    held = { at: now(), answer };
    return answer;
  };
}
