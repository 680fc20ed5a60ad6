import { existsSync } from "node:fs";
import { webUrlOf } from "../encoding/url-of.js";
import { isSignetError, SignetError } from "../errors.js";
import type { Unknown } from "../operator/init-for.js";
import { parseKeyPlace } from "../operator/key-places.js";
import { assertNameThere, nameThereInWords, partyNaming } from "../operator/party-keys.js";
import { pathGiven } from "../operator/surroundings.js";
import { FACTS } from "../relying-parties/facts.js";
import { factFor, ownChoice } from "../relying-parties/own-choices.js";
import type { RelyingParty } from "../relying-parties/relying-party.js";
import { handsOut } from "../relying-parties/uploads.js";
import type { Context } from "./context.js";
import { askLine } from "./prompt.js";

/** Something that has to be known. */
interface Question {
  readonly flag: string;
  readonly meaning: string;
  /** @throws SignetError `usage` for what is no answer */
  assertAnswer(answer: string): void;
}

/**
 * What parties need to be known beyond what was given: asked for on a terminal, until the answer is one.
 *
 * @param ask asks for a line. Default: at the terminal
 * @throws SignetError `usage` where there is no terminal: it names all of it
 */
export async function answersTo(
  context: Context,
  unknown: readonly Unknown[],
  parties: readonly RelyingParty[],
  ask: ((question: string) => Promise<string>) | undefined = process.stdin.isTTY ? askLine : undefined,
): Promise<Partial<Record<Unknown, string>>> {
  const questions = unknown.map((name) => [name, questionOf(context, name, parties)] as const);
  if (questions.length === 0) return {};
  if (ask === undefined) {
    const who = parties.map(({ id }) => id).join(", ");
    throw new SignetError(
      "usage",
      `--for ${who} needs ${questions.map(([, { flag, meaning }]) => `${flag} (${meaning})`).join(", ")}`,
    );
  }
  const found: [Unknown, string][] = [];
  for (const [name, question] of questions) found.push([name, await answerTo(context, question, ask)]);
  return Object.fromEntries(found);
}

async function answerTo(
  { output }: Context,
  { flag, meaning, assertAnswer }: Question,
  ask: (question: string) => Promise<string>,
): Promise<string> {
  for (;;) {
    const answer = (await ask(`${meaning[0]?.toUpperCase()}${meaning.slice(1)} (${flag}): `)).trim();
    try {
      assertAnswer(answer);
      return answer;
    } catch (error) {
      if (!isSignetError(error, "usage")) throw error;
      output.note(error.message);
    }
  }
}

function questionOf(context: Context, name: Unknown, parties: readonly RelyingParty[]): Question {
  switch (name) {
    case "issuer":
      return { flag: "--issuer", meaning: "the issuer's URL, at which they find the keys", assertAnswer: assertUrl };
    case "import":
      return {
        flag: "--import",
        meaning: `the file of the private key, which comes from there: ${placesOf(parties)}`,
        assertAnswer: (answer) => assertFile(context, answer),
      };
    case "kid": {
      const party = partyNaming(parties);
      const meaning = party === undefined ? "the name of the key" : nameThereInWords(party);
      return { flag: "--kid", meaning, assertAnswer: (answer) => party && assertNameThere(party, answer) };
    }
    default:
      return { ...FACTS[name], assertAnswer: (answer) => factFor(parties, name, answer) };
  }
}

function placesOf(parties: readonly RelyingParty[]): string {
  return parties
    .filter(handsOut)
    .flatMap((party) => ownChoice(party).file ?? [])
    .join("; ");
}

function assertUrl(answer: string): void {
  if (webUrlOf(answer) === undefined) throw new SignetError("usage", "--issuer must be a URL such as https://issuer.example");
}

function assertFile(context: Context, answer: string): void {
  const place = parseKeyPlace(answer);
  if (place.service !== "file" || (answer !== "" && existsSync(pathGiven(context, place.path)))) return;
  throw new SignetError("usage", "--import must be a file that is there");
}
