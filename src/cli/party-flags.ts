import type { Command } from "commander";
import { FACTS } from "../relying-parties/facts.js";

/** Adds what `init` can be told of those whom the tokens are for. */
export function addPartyFlags(command: Command): Command {
  command.option(
    "--for <who>",
    "whom the tokens are for, with commas between (docs/relying-parties.md): what all of them take is chosen, and asked for on a terminal",
    // Given twice, it names those of both.
    (names: string, before: string | undefined) => (before === undefined ? names : `${before},${names}`),
  );
  for (const { flag, meaning } of Object.values(FACTS)) command.option(`${flag} <value>`, meaning);
  return command;
}
