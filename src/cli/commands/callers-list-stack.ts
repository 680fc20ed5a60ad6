import { fromNow } from "../../encoding/times-in-words.js";
import { SignetError, shortened } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import { oldKeysOf } from "../../operator/caller-proof-words.js";
import type { ListedCaller } from "../../operator/callers.js";
import type { LoggedUse, LoggedUses } from "../../operator/logged-uses.js";
import { type StackCallers, stackCallers } from "../../operator/stack-callers.js";
import { limitsInWords, tableOfCallers } from "../caller-words.js";
import type { Context } from "../context.js";
import type { CallersListOptions } from "./callers-list.js";

const DEFAULT_DAYS = 30;
/** CloudWatch Logs keeps lines for ten years at most, where a group has a bound. */
const MAX_DAYS = 3_653;
/** As many are told of those that are used and are no callers. */
const MAX_STRAY = 10;

/**
 * `signet callers list --config stack:NAME`: the callers of a stack, with limits and proofs, and what the log in AWS says of their use.
 * Where that cannot be read they are listed all the same.
 */
export async function callersListOfStack(context: Context, place: string, options: CallersListOptions): Promise<void> {
  const { output } = context;
  const now = presentSeconds();
  const found = await stackCallers(context, place, daysGiven(options));
  const { stack, region, days, failure, doubts } = found;
  if (failure !== undefined) output.note(`warning: when callers were used last cannot be read: ${failure.message}`);
  if (options.json === true) return output.json({ stack, region, days, ...toldUses(found) });
  show(context, found, now);
  for (const words of [...doubts, ...found.callers.flatMap((caller) => oldKeysOf(caller, now))]) output.note(`warning: ${words}`);
}

function daysGiven({ days = String(DEFAULT_DAYS) }: CallersListOptions): number {
  const number = /^[0-9]{1,4}$/.test(days) ? Number(days) : 0;
  if (number >= 1 && number <= MAX_DAYS) return number;
  throw new SignetError("usage", `--days must be a whole number from 1 to ${MAX_DAYS}: --days 90`);
}

// null is "not known"; of what is known to be unused the time is null, and the tokens are none.
function toldUses({ callers, uses }: StackCallers): object {
  const told = (use: LoggedUse | undefined): object =>
    uses === undefined ? { lastUsedAt: null, tokens: null } : (use ?? { lastUsedAt: null, tokens: 0 });
  return {
    callers: callers.map((caller) => ({ ...caller, ...told(uses?.callers.get(caller.name)) })),
    notInCallers: uses === undefined ? null : strays(callers, uses).map(([name, use]) => ({ name, ...use })),
    withoutCaller: told(uses?.withoutCaller),
  };
}

function show({ output }: Context, { stack, callers, days, uses }: StackCallers, now: number): void {
  const cellsOf = ({ name, limits, may }: ListedCaller): readonly string[] => {
    const use = uses?.callers.get(name);
    const used =
      uses === undefined ? "not known" : use === undefined ? `not in ${daysInWords(days)}` : fromNow(use.lastUsedAt, now);
    const tokens = uses === undefined ? "" : String(use?.tokens ?? 0);
    return [name, used, tokens, limitsInWords(limits, may)];
  };
  const head = ["CALLER", "LAST USED", "TOKENS", "OWN LIMITS"];
  const { columns } = output;
  if (callers.length > 0) for (const line of tableOfCallers(head, callers, cellsOf, { now, columns })) output.data(line);
  else output.note(`the stack ${stack} has no callers: whom IAM lets invoke its function gets tokens within the issuer's limits`);
  if (uses === undefined) return;
  if (uses.withoutCaller !== undefined) output.note(`without a caller's alias: ${useInWords(uses.withoutCaller, now, days)}`);
  const found = strays(callers, uses);
  for (const [name, use] of found.slice(0, MAX_STRAY))
    output.note(`warning: used, but not in Callers now: ${JSON.stringify(shortened(name, 64))}: ${useInWords(use, now, days)}`);
  if (found.length > MAX_STRAY) output.note(`warning: and ${found.length - MAX_STRAY} more, which --json lists`);
}

/** Those that the log has and the stack has not, the one that was used last before the others. */
function strays(callers: StackCallers["callers"], { callers: used }: LoggedUses): readonly (readonly [string, LoggedUse])[] {
  const known = new Set(callers.map(({ name }) => name));
  return [...used].filter(([name]) => !known.has(name)).sort(([, a], [, b]) => b.lastUsedAt - a.lastUsedAt);
}

function useInWords({ lastUsedAt, tokens }: LoggedUse, now: number, days: number): string {
  return `${tokens} ${tokens === 1 ? "token" : "tokens"} in ${daysInWords(days)}, last ${fromNow(lastUsedAt, now)}`;
}

function daysInWords(days: number): string {
  return days === 1 ? "the last day" : `the last ${days} days`;
}
