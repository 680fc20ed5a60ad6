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
  if (holder === undefined) return options.json === true ? output.json(toldHoldings(holdings)) : show(context, holdings);
  const theirs = holdingsOf(context, holdings, holder);
  await confirm(`${holder} is taken for dead: if it still runs, two change keys at once.`, options);
  const unlocked: string[] = [];
  const isTaken = await takeHoldings(installation, theirs, (path) => {
    unlocked.push(path);
    output.note(`unlocked ${path}`);
  });
  if (options.json === true) output.json({ holder, unlocked, lease: isTaken });
  if (isTaken) output.note(`took the lease from ${holder}; \`${self} keys tick\` goes on`);
}

function toldHoldings({ locks, lease }: Holdings): object {
  const told = locks.map(({ path, holder, state, ageMilliseconds }) => ({
    path,
    holder: holderName(holder.process),
    state,
    ageSeconds: Math.floor(ageMilliseconds / 1_000),
  }));
  return { locks: told, lease: lease === undefined ? null : { holder: lease.holder, expiresAt: lease.expiresAt } };
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
  for (const line of table(["HOLDER", "STATE", "HOLDS", "SINCE"], rows, { columns: output.columns })) output.data(line);
  output.note(`of one that you know to have ended: ${self} keys unlock HOLDER`);
}
