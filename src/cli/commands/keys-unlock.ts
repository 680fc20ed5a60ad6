import { durationInWords } from "../../encoding/durations.js";
import { dateInWords } from "../../encoding/times-in-words.js";
import { holderName } from "../../files/process-identity.js";
import { type Holdings, holdingsOf, readHoldings, takeHoldings } from "../../operator/holders.js";
import { STACK_CONFIG } from "../../operator/surroundings.js";
import { confirm } from "../confirm.js";
import { type CommonOptions, type Context, pathOfConfig } from "../context.js";
import { openInstallation } from "../open-installation.js";
import { table } from "../table.js";

/** `signet keys unlock`: shows who holds what; with a holder's name, takes it from one that a person knows to have ended. */
export async function keysUnlock(context: Context, holder: string | undefined, options: CommonOptions): Promise<void> {
  const { output, self } = context;
  const installation = await openInstallation(context, options);
  const isStack = options.config?.startsWith(STACK_CONFIG) === true;
  const holdings = await readHoldings(installation, isStack ? undefined : pathOfConfig(context, options));
  if (holder === undefined) return show(context, holdings);
  const theirs = holdingsOf(context, holdings, holder);
  await confirm(`${holder} is taken for dead: if it still runs, two change keys at once.`, options);
  const isTaken = await takeHoldings(installation, theirs, (path) => output.note(`unlocked ${path}`));
  if (isTaken) output.note(`took the lease from ${holder}; \`${self} keys tick\` goes on`);
}

function show({ output, self }: Context, { locks, lease }: Holdings): void {
  if (locks.length === 0 && lease === undefined) {
    output.note("nothing is locked");
    return;
  }
  const rows = locks.map(({ path, holder, state, ageMilliseconds }) => [
    holderName(holder.process),
    state,
    path,
    `for ${durationInWords(ageMilliseconds / 1_000)}`,
  ]);
  if (lease !== undefined) rows.push([lease.holder, "", "the lease of the keyring", `until ${dateInWords(lease.expiresAt)}`]);
  for (const line of table(["HOLDER", "STATE", "HOLDS", "SINCE"], rows)) output.data(line);
  output.note(`of one that you know to have ended: ${self} keys unlock HOLDER`);
}
