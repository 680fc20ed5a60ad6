import { loadConfig } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { SignetError } from "../../errors.js";
import { overlapsInWords } from "../../operator/caller-overlaps.js";
import { addOwnKeys, addTrust, assertOwnKeys, changeTrust, findRule, removeOwnKeys } from "../../operator/caller-proofs.js";
import { callerNamed } from "../../operator/callers.js";
import { ruleInWords } from "../../operator/rule-words.js";
import type { TrustRule } from "../../settings/trusts.js";
import { presetOfIssuer } from "../../trust/presets.js";
import { confirmChange } from "../confirm.js";
import { type CommonOptions, type Context, pathOfCallers } from "../context.js";
import { type GivenProofs, proofsGiven, withTrusted } from "../trust-flags.js";
import type { TrustFlags } from "../trust-options.js";

export interface TrustOptions extends CommonOptions, TrustFlags {}

/** `signet callers trust`: gives a caller another rule, or another key of its own. */
export async function callersTrust(context: Context, name: string, whom: string | undefined, given: TrustOptions): Promise<void> {
  const options = withTrusted(given, whom);
  const path = pathOfCallers(context, options);
  const { cwd, env, output } = context;
  const { issuer, callers } = await loadConfig({ path, cwd, env });
  callerNamed(callers, name, context);
  const { rule, keys } = await proofsGiven(context, options, issuer, path);
  if (rule === undefined && keys === undefined)
    throw new SignetError(
      "usage",
      `say what to trust: \`${context.self} callers trust ${name} github-actions --claim repository_id=1234\``,
    );
  if (keys !== undefined) {
    const { named } = await addOwnKeys(context, path, name, keys);
    if (named.length > 0)
      output.note(
        `warning: from now on a proof has to name its key as kid, ${named.join(" or ")}: several keys are told apart by it, and without it a proof is refused`,
      );
  }
  const place = rule === undefined ? undefined : await addTrust(context, path, name, rule);
  await tellProofs(context, path, name, { ...(rule && { rule }), ...(keys && { keys }) });
  if (options.json === true)
    output.json({ caller: name, rule: place === undefined ? null : `trusts.${place}`, keys: keys ?? null });
}

/** `signet callers untrust`: takes a rule away, or the caller's own keys. */
export async function callersUntrust(
  context: Context,
  name: string,
  which: string | undefined,
  options: CommonOptions & { readonly kid?: string },
): Promise<void> {
  const path = pathOfCallers(context, options);
  const { output } = context;
  if (options.kid !== undefined && which !== "keys")
    throw new SignetError("usage", `--kid names a key of the caller's own: callers untrust ${name} keys --kid KID`);
  const { callers } = await loadConfig({ path, cwd: context.cwd, env: context.env });
  const caller = callerNamed(callers, name, context);
  if (which === "keys") {
    assertOwnKeys(name, caller.keys, options.kid, context);
    await confirmChange(
      `The caller ${name} gets no more tokens by ${options.kid === undefined ? "keys of its own" : "that key"}.`,
      options,
    );
    await removeOwnKeys(context, path, name, options.kid);
    output.note(`the caller ${name} no longer proves itself by ${options.kid === undefined ? "keys of its own" : "that key"}`);
    if (options.json === true) output.json({ caller: name, removed: options.kid ?? "keys" });
    return;
  }
  const found = findRule(name, caller, which, context);
  await confirmChange(
    `The caller ${name} loses ${found.place} (${ruleInWords(found.rule)}); disable switches it off and keeps it.`,
    options,
  );
  const { place, rule } = await changeTrust(context, path, name, which, () => undefined, found);
  output.note(`the caller ${name} lost the rule ${place} (${ruleInWords(rule)}); tokens that it has are good until they expire`);
  if (options.json === true) output.json({ caller: name, removed: place });
}

/** `signet callers disable` and `enable`: switches a rule off, or on again. */
export async function callersSwitch(
  context: Context,
  name: string,
  which: string | undefined,
  isOn: boolean,
  options: CommonOptions,
): Promise<void> {
  const path = pathOfCallers(context, options);
  const { place, rule } = await changeTrust(context, path, name, which, (each) => {
    const { disabled: _, ...others } = each as TrustRule;
    return isOn ? others : { ...others, disabled: true };
  });
  const words = isOn ? "is on" : "is off; tokens that it has are good until they expire";
  context.output.note(`the rule ${place} of ${name} (${ruleInWords({ ...rule, disabled: false })}) ${words}`);
  if (isOn) tellOverlaps(context, await loadConfig({ path, cwd: context.cwd, env: context.env }), name);
  if (options.json === true) context.output.json({ caller: name, rule: place, disabled: !isOn });
}

/** Says what proves a caller from now on, and what to look at. */
export async function tellProofs(context: Context, path: string, name: string, { rule, keys }: GivenProofs): Promise<void> {
  const { output, self, cwd, env } = context;
  const config = await loadConfig({ path, cwd, env });
  const us = config.issuer ?? "the issuer's URL";
  if (rule !== undefined) {
    const { jwks, preset, issuer, audience } = rule as unknown as TrustRule;
    output.note(`the caller ${name} is proven by a token of ${ruleInWords(rule as unknown as TrustRule)}`);
    output.note(`it has to be for ${audience ?? us} alone (aud); try one: \`${self} callers test ${name} -\``);
    const known = preset !== undefined || issuer === undefined ? undefined : presetOfIssuer(issuer);
    if (known !== undefined) output.note(`--trust ${known} knows this issuer, and which of its claims identify`);
    if (preset === "azure" && audience === undefined)
      output.note("warning: tokens of Entra are for an application: give its id or URI as --audience, unless this URL is one");
    if (jwks !== undefined)
      output.note("warning: keys that are pasted are renewed by hand alone; `signet callers list` tells their age");
  }
  if (keys !== undefined)
    output.note(
      `the caller ${name} is proven by what its own keys sign (private_key_jwt): iss and sub are ${name}, aud is ${us}, exp is at most five minutes ahead`,
    );
  tellOverlaps(context, config, name);
}

/** Says which rules of other callers match the same tokens. */
function tellOverlaps({ output }: Context, { callers, issuer }: Config, name: string): void {
  for (const words of overlapsInWords(callers, issuer, name)) output.note(`warning: ${words}`);
}
