import { ownMember } from "../encoding/own-member.js";
import { SignetError, shortened } from "../errors.js";
import type { Claims } from "../issue/request.js";
import { parseTypedJson } from "./typed.js";

const PAIR = /^([^=]+?)(:?=)([\s\S]*)$/;

/**
 * Reads claims as they are typed: `name=text`, or `name:=JSON` for numbers, lists and the rest. `aud` may be given several
 * times and then is a list.
 *
 * @throws SignetError `usage`
 */
export function claimsFromPairs(pairs: readonly string[]): Claims {
  const claims: Record<string, unknown> = {};
  for (const [name, value] of pairsGiven(pairs)) {
    const isAgain = Object.hasOwn(claims, name);
    if (isAgain && name !== "aud") {
      const shown = shortened(name);
      throw new SignetError("usage", `the claim ${shown} is given twice; for a list write ${shown}:='["a","b"]'`);
    }
    // defineProperty, because a claim may be called __proto__.
    const next = isAgain ? [ownMember(claims, name), value].flat() : value;
    Object.defineProperty(claims, name, { value: next, enumerable: true, configurable: true, writable: true });
  }
  return claims;
}

/** Claims whose names are typed before their values. */
const NAMES = new Set(["iss", "sub", "aud", "scope"]);

function explainPair(pair: string, next: string | undefined): string {
  if (NAMES.has(pair)) {
    const value = next !== undefined && /^[\w@.:/-]{1,64}$/.test(next) ? next : "VALUE";
    return `a claim is given as name=value: write ${pair}=${value}`;
  }
  // `--ttl 10 m`: the option took the number.
  if (/^(s|m|h|d|min|sec|hours?|days?|minutes?|seconds?)$/.test(pair)) {
    return `${pair} is no claim: a duration is one word, such as --ttl 10m; a claim is given as name=value`;
  }
  const example = /^[\w@.-]{1,64}$/.test(pair) ? pair : "alice";
  return `a claim is given as name=value: write sub=${example}, or use --claims JSON`;
}

/** Reads pairs of a name and a value, in their order. @param explain says what is wrong with what is none. @throws SignetError `usage` */
export function pairsGiven(
  pairs: readonly string[],
  explain: (pair: string, next: string | undefined) => string = explainPair,
): readonly [name: string, value: unknown][] {
  return pairs.map((pair, index) => {
    const [, name, sign, text = ""] = PAIR.exec(pair) ?? [];
    if (name === undefined) throw new SignetError("usage", explain(pair, pairs[index + 1]));
    const shown = shortened(name);
    return [name, sign === ":=" ? parseTypedJson(text, `what follows ${shown}:= (a text is written ${shown}=TEXT)`) : text];
  });
}
