import type { Config } from "../config/schema.js";
import { webUrlOf } from "../encoding/url-of.js";
import { SignetError, shortened } from "../errors.js";
import { exampleRequest } from "../operator/example-request.js";
import { assertNoFacts, chooseFor, type PartyWishes, partiesFor, unknownTo } from "../operator/init-for.js";
import { serviceAccountFor } from "../operator/service-account.js";
import type { Choice } from "../relying-parties/choose.js";
import { factsOf } from "../relying-parties/own-choices.js";
import type { RelyingParty } from "../relying-parties/relying-party.js";
import type { Context } from "./context.js";
import { answersTo } from "./party-questions.js";
import { table } from "./table.js";
import { namesGiven } from "./typed.js";

/** The options of `init` that are about those whom the tokens are for. */
export interface PartyOptions extends PartyWishes {
  /** Their names, with commas between. */
  readonly for?: string;
  /** The region of a key that is imported. */
  readonly region?: string;
}

/** Refuses words beside the options, and says which option was meant. @throws SignetError `usage` */
export function assertNoWords(words: readonly string[], { for: named }: PartyOptions): void {
  const [first] = words;
  if (first === undefined) return;
  const all = [...(named === undefined ? [] : [named]), ...words]
    .flatMap((each) => each.split(","))
    .filter((each) => each !== "");
  const meant = webUrlOf(first) === undefined ? `--for ${all.join(",")}` : `--issuer ${first}`;
  throw new SignetError("usage", `init takes options alone, and ${shortened(first)} is none; did you mean ${shortened(meant)}?`);
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
  const given = { ...options, ...(await accountOf(context, parties, options)) };
  const complete = { ...given, ...(await answersTo(context, unknownTo(context, parties, given), parties)) };
  return { choice: chooseFor(context, parties, complete), options: complete };
}

// The key file of a service account says whose it is.
async function accountOf(
  context: Context,
  parties: readonly RelyingParty[],
  options: PartyOptions,
): Promise<Pick<PartyOptions, "serviceAccount">> {
  if (!parties.some((party) => factsOf(party).includes("serviceAccount"))) return {};
  const serviceAccount = await serviceAccountFor(context, options);
  return serviceAccount === undefined ? {} : { serviceAccount };
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
export function nextSteps({ self }: Pick<Context, "self">, choice: Choice | undefined, config: Config): readonly string[] {
  const issue = [`${self} issue`, ...exampleRequest(config)].join(" ");
  if (choice === undefined) return [issue];
  const { ways, tokens } = choice;
  const uploads = ways.filter(({ how }) => how === "paste").map(({ party }) => `${self} keys pem --for ${party.id}`);
  // Until the certificate of the key is named, no token is issued.
  const certificate = tokens.certificates === undefined ? [] : ["put its thumbprint into tokens.certificates"];
  return [...uploads, ...certificate, issue];
}
