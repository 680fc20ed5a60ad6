import { SignetError } from "../errors.js";
import { assertNoFacts, chooseFor, type PartyWishes, partiesFor, type Unknown, unknownTo } from "../operator/init-for.js";
import type { Choice } from "../relying-parties/choose.js";
import { FACTS } from "../relying-parties/facts.js";
import type { RelyingParty } from "../relying-parties/relying-party.js";
import type { Context } from "./context.js";
import { askLine } from "./prompt.js";
import { table } from "./table.js";
import { namesGiven } from "./typed.js";

/** The options of `init` that are about those whom the tokens are for. */
export interface PartyOptions extends PartyWishes {
  /** Their names, with commas between. */
  readonly for?: string;
}

/** What was chosen for the parties that are named, and the options with what was asked for on the terminal. */
export async function choiceFor<O extends PartyOptions>(
  context: Context,
  options: O,
): Promise<{ readonly choice?: Choice; readonly options: O }> {
  if (options.for === undefined) {
    assertNoFacts(options);
    return { options };
  }
  const parties = partiesFor(namesGiven(options.for, "--for"));
  const complete = { ...options, ...(await answers(unknownTo(context, parties, options), parties)) };
  return { choice: chooseFor(context, parties, complete), options: complete };
}

const ISSUER = { flag: "--issuer", meaning: "the issuer's URL, at which they find the keys" };

async function answers(unknown: readonly Unknown[], parties: readonly RelyingParty[]): Promise<Partial<Record<Unknown, string>>> {
  if (unknown.length === 0) return {};
  if (!process.stdin.isTTY) {
    const who = parties.map(({ id }) => id).join(", ");
    const missing = unknown.map(questionOf).map(({ flag, meaning }) => `${flag} (${meaning})`);
    throw new SignetError("usage", `--for ${who} needs ${missing.join(", ")}`);
  }
  const found: [Unknown, string][] = [];
  for (const name of unknown) {
    const { flag, meaning } = questionOf(name);
    const answer = await askLine(`${meaning[0]?.toUpperCase()}${meaning.slice(1)} (${flag}): `);
    found.push([name, answer.trim()]);
  }
  return Object.fromEntries(found);
}

function questionOf(name: Unknown): { readonly flag: string; readonly meaning: string } {
  return name === "issuer" ? ISSUER : FACTS[name];
}

/** Says what was chosen, each with the rule that decided it, and what else is to be known. */
export function tellChoice({ output }: Context, { parties, reasons, notes }: Choice): void {
  const who = parties.map(({ id }) => id).join(", ");
  const rows = reasons.map(({ member, value, party, rule }) => [member, value, party === undefined ? rule : `${party}: ${rule}`]);
  output.note(`Chosen for ${who} (docs/relying-parties.md has each rule, with its source and date):`);
  for (const line of table(["member", "value", "because"], rows, { columns: output.columns })) output.note(line);
  for (const { party, words } of notes) output.note(`note: ${party}: ${words}`);
}

/** What is to be typed once the issuer is made: each line a step. */
export function nextSteps({ self }: Pick<Context, "self">, { ways, limits, tokens }: Choice): readonly string[] {
  const uploads = ways.filter(({ how }) => how === "paste").map(({ party }) => `${self} keys pem --for ${party.id}`);
  const claims = (limits.requiredClaims ?? []).filter((name) => name !== "nbf").map((name) => `${name}=${name.toUpperCase()}`);
  const nbf = limits.requiredClaims?.includes("nbf") === true ? ["--nbf"] : [];
  // Until the certificate of the key is named, no token is issued.
  const certificate = tokens.certificates === undefined ? [] : ["put its thumbprint into tokens.certificates"];
  return [...uploads, ...certificate, [`${self} issue`, ...claims, ...nbf].join(" ")];
}
