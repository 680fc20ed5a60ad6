import { isTokenRefusal, SignetError } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import { jsonWithOwnDigits } from "../../operator/own-digits.js";
import { type ReadableToken, readableToken, timesInWords } from "../../operator/token-reading.js";
import type { CommonOptions, Context } from "../context.js";
import { tokenGiven } from "../token-text.js";

const MAX_TOKEN = 1_048_576;

/** `signet inspect`: what a token says, and nothing about whether it is true. */
export async function inspect({ output }: Context, argument: string, options: CommonOptions): Promise<void> {
  const { header, claims } = takenApart(await tokenGiven(argument));
  output.note(output.paint("NOT VERIFIED: anybody can write such a token. Use `signet verify` to find out.", "warn"));
  if (options.json === true) {
    output.jsonText(jsonWithOwnDigits({ header, claims }));
    return;
  }
  const now = presentSeconds();
  // Within JSON a line feed of the token's is written as an escape: the lines are ours.
  const shown = { header, claims };
  for (const [name, value] of Object.entries(shown)) {
    for (const line of `${name} ${jsonWithOwnDigits(value)}`.split("\n")) output.data(line);
  }
  for (const { words } of timesInWords(claims, now)) output.data(words);
  if (claims.exp === undefined) output.data("never expires (no exp)");
}

function takenApart(token: string): ReadableToken {
  try {
    return readableToken(token, MAX_TOKEN);
  } catch (error) {
    if (!isTokenRefusal(error)) throw error;
    // Nothing was verified, so nothing was refused: it is simply no token.
    throw new SignetError("invalid_request", error.message, { cause: error });
  }
}
