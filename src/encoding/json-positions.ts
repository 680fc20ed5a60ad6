import { endOfString } from "./json-by-hand.js";
import { parseJson } from "./json-names.js";

/** A JSON container that is being read: the next member's name, or index. */
interface Open {
  readonly path: readonly string[];
  name: string | undefined;
  index: number;
}

// Where a string begins; a number or a word; what opens, closes and parts.
const TOKEN = /"|[^\s"{}[\],:]+|[{}[\],:]/g;

/** The tokens of a JSON text. A string is not left to a pattern, whose search would go as deep as the string has escapes. */
function* tokensOf(text: string): Iterable<{ readonly token: string; readonly index: number }> {
  const pattern = new RegExp(TOKEN);
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    const { 0: first, index } = found;
    if (first === '"') pattern.lastIndex = endOfString(text, index + 1) + 1;
    yield { token: text.slice(index, pattern.lastIndex), index };
  }
}

/**
 * Where each value of a JSON text begins, by its path as JSON (`["limits","maxTtlSeconds"]`); of members where their names begin.
 *
 * @param text JSON that a parser has accepted; anything else gives arbitrary answers
 * @param most of how many values
 */
export function memberPositions(text: string, most: number): ReadonlyMap<string, number> {
  const positions = new Map<string, number>();
  const open: Open[] = [];
  let nameAt: number | undefined;
  for (const { token, index } of tokensOf(text)) {
    const container = open.at(-1);
    if (token === "}" || token === "]") open.pop();
    else if (token === ",") {
      if (container?.name === undefined && container !== undefined) container.index++;
      if (container !== undefined && container.index < 0) container.name = undefined;
    } else if (container !== undefined && container.index < 0 && container.name === undefined) {
      container.name = parseJson(token) as string;
      nameAt = index;
    } else if (token !== ":") {
      const path = container === undefined ? [] : [...container.path, container.name ?? `${container.index}`];
      if (positions.size >= most) return positions;
      positions.set(JSON.stringify(path), nameAt ?? index);
      nameAt = undefined;
      if (token === "{") open.push({ path, name: undefined, index: Number.NEGATIVE_INFINITY });
      else if (token === "[") open.push({ path, name: undefined, index: 0 });
    }
  }
  return positions;
}
