import { readCertificates } from "../../config/certificates.js";
import { loadConfig } from "../../config/load.js";
import { isSignetError, SignetError, shortened } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import { callerNamed } from "../../operator/callers.js";
import { type Explained, type ExplainOptions, explainProof, type Miss } from "../../trust/explain-proof.js";
import { createKeySources } from "../../trust/key-sources.js";
import { type CommonOptions, type Context, pathOfCallers } from "../context.js";
import { tokenGiven } from "../token-text.js";

const MAX_VALUE = 200;

/**
 * `signet callers test`: which rule a token matches, or what of it does not, claim by claim. Nothing is issued, and a proof that may be used
 * once is not used. Exit code 3 where the server would refuse it.
 */
export async function callersTest(
  context: Context,
  first: string | undefined,
  second: string | undefined,
  options: CommonOptions,
): Promise<void> {
  const { cwd, env, output, self } = context;
  const { name, argument } = argumentsGiven(first, second);
  const { callers, issuer } = await loadConfig({ path: pathOfCallers(context, options), cwd, env });
  const caller = name === undefined ? undefined : callerNamed(callers, name, context);
  const token = await tokenGiven(argument);
  const clock = presentSeconds;
  const all = await explained(token, argument, {
    callers,
    issuer,
    clock,
    sources: createKeySources({ clock, readCa: readCertificates }),
  });
  const asked = all.filter(({ caller }) => name === undefined || caller === name);
  const proven = [...new Set(all.filter(isMatch).map(({ caller }) => caller))];
  const isProven = name === undefined ? proven.length === 1 : proven.includes(name);
  if (options.json === true) output.json({ proves: proven, rules: asked.map(shownAsJson) });
  else for (const line of linesOf(asked)) output.data(line);
  if (asked.length === 0) output.note(`there is no rule and no key: ${self} callers trust ${name ?? "NAME"}`);
  if (asked.length === 0 && (caller?.exchanges ?? []).length > 0)
    output.note(`${name} exchanges tokens, which prove no caller: of one that POST /token refuses the server's log says why`);
  if (proven.length > 1)
    output.note(`warning: it proves ${proven.join(" and ")}: it is refused, unless client_id names one of them`);
  if (isProven) return;
  const whom = name === undefined ? (proven.length > 1 ? "several callers" : "no caller") : undefined;
  throw new SignetError(
    "proof_refused",
    whom === undefined ? `the token does not prove the caller ${name}` : `the token proves ${whom}`,
  );
}

// One word is a name, unless it is a token or stands for one.
function argumentsGiven(
  first: string | undefined,
  second: string | undefined,
): { readonly name?: string; readonly argument: string } {
  if (second !== undefined && first !== undefined) return { name: first, argument: second };
  if (first === undefined || first === "-" || first.includes(".")) return { argument: first ?? "-" };
  return { name: first, argument: "-" };
}

async function explained(token: string, argument: string, options: ExplainOptions): Promise<readonly Explained[]> {
  try {
    return await explainProof(token, options);
  } catch (error) {
    // The server's answer keeps the reason from strangers.
    if (!isSignetError(error, "proof_refused") || !isSignetError(error.cause)) throw error;
    const file = argument === "-" ? "" : "; a token in a file is read by `signet callers test NAME - < FILE`";
    throw new SignetError("proof_refused", `this is no proof: ${error.cause.message}${file}`, { cause: error });
  }
}

function isMatch({ misses, isDisabled }: Explained): boolean {
  return misses.length === 0 && !isDisabled;
}

function shownAsJson({ caller, rule, issuer, isDisabled, misses }: Explained): object {
  return { caller, rule, issuer, matches: misses.length === 0 && !isDisabled, disabled: isDisabled, misses };
}

/** Rules of the token's issuer claim by claim; those of others in a line each, where it has none. */
function linesOf(all: readonly Explained[]): readonly string[] {
  const ofIssuer = all.filter(({ isOfIssuer }) => isOfIssuer);
  const shown = ofIssuer.length === 0 ? all : ofIssuer;
  return shown.flatMap((each) => [
    `${each.caller} ${each.rule} (${shortened(each.issuer)}): ${verdictOf(each)}`,
    ...each.misses.map(lineOf),
  ]);
}

function verdictOf({ misses, isDisabled }: Explained): string {
  if (misses.length > 0) return isDisabled ? "does not match, and is disabled" : "does not match";
  return isDisabled ? "matches, but is disabled" : "matches";
}

function lineOf({ what, expected = "", found, why }: Miss): string {
  if (why !== undefined) return `  ${what}: ${why}`;
  const said = found === undefined ? "absent" : shortened(found, MAX_VALUE);
  return `  ${what}: expected ${shortened(expected, MAX_VALUE)}; it is ${said}`;
}
