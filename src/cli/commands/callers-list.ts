import { loadConfig } from "../../config/load.js";
import { fromNow } from "../../encoding/times-in-words.js";
import { SignetError } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import { mixedSubjectsInWords } from "../../operator/caller-overlaps.js";
import { oldKeysOf, secretsInWords } from "../../operator/caller-proof-words.js";
import { type ListedCaller, lastUsesOfCallers, listedCallers } from "../../operator/callers.js";
import { STACK_CONFIG } from "../../operator/surroundings.js";
import { limitsInWords, tableOfCallers } from "../caller-words.js";
import { type CommonOptions, type Context, pathOfConfig } from "../context.js";
import { callersListOfStack } from "./callers-list-stack.js";

/** The options of `signet callers list`. */
export interface CallersListOptions extends CommonOptions {
  /** How many days of a stack's log are read. */
  readonly days?: string;
}

/** `signet callers list`: names, limits, the ages of secrets, when each was used last, and what else proves each. */
export async function callersList(context: Context, options: CallersListOptions): Promise<void> {
  const { config: place } = options;
  if (place?.startsWith(STACK_CONFIG)) return callersListOfStack(context, place, options);
  if (options.days !== undefined)
    throw new SignetError("usage", "--days is for the log of a stack (--config stack:NAME): what a server keeps has no bound");
  const { output, cwd, env, self } = context;
  const now = presentSeconds();
  const config = await loadConfig({ path: pathOfConfig(context, options), cwd, env });
  const callers = listedCallers(config);
  const { times, failures } = await lastUsesOfCallers(config);
  const [unread] = failures.values();
  if (unread !== undefined) output.note(`warning: when callers were used last cannot be read: ${unread.message}`);
  if (options.json === true) {
    return output.json({ callers: callers.map((caller) => ({ ...caller, lastUsedAt: times.get(caller.name) ?? null })) });
  }
  if (callers.length === 0) return output.note(`there are no callers: ${self} callers add NAME`);
  const cellsOf = (caller: ListedCaller): readonly string[] => {
    const { name, limits, may } = caller;
    const used = times.get(name);
    return [
      name,
      secretsInWords(caller, now).join("; ") || "none",
      used === undefined ? (failures.has(name) ? "not known" : "not yet") : fromNow(used, now),
      limitsInWords(limits, may),
    ];
  };
  const head = ["CALLER", "SECRETS", "LAST USED", "OWN LIMITS"];
  for (const line of tableOfCallers(head, callers, cellsOf, { now, columns: output.columns })) output.data(line);
  const doubts = [...callers.flatMap((caller) => oldKeysOf(caller, now)), ...mixedSubjectsInWords(config.callers, config.issuer)];
  for (const words of doubts) output.note(`warning: ${words}`);
}
