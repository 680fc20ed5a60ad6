/** A section of an ini file: a value is a text, or the names and texts that are indented below an empty one. */
export interface IniSection {
  readonly values: ReadonlyMap<string, string | ReadonlyMap<string, string>>;
  /** The numbers of the lines that say nothing: neither `name = value` nor a comment. */
  readonly oddLines: readonly number[];
}

interface OpenSection {
  readonly values: Map<string, string | Map<string, string>>;
  readonly oddLines: number[];
}

/**
 * Reads the dialect of the AWS CLI (Python's configparser): `#` and `;` begin a comment at a line's beginning, and beside a value behind a
 * space, as the SDKs have it; `=` or `:` ends a name, whose case is of no matter; what is indented deeper belongs to the line before. A
 * section that comes again goes on, and the later value of a name wins.
 *
 * @returns the sections by what stands between the brackets
 */
export function parseIni(text: string): ReadonlyMap<string, IniSection> {
  const sections = new Map<string, OpenSection>();
  let section: OpenSection | undefined;
  let option: { readonly name: string; readonly indent: number } | undefined;
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const words = line.trim();
    if (words === "" || /^[#;]/.test(words)) continue;
    const title = /^\[([^\]]+)\]/.exec(words)?.[1]?.trim();
    if (title !== undefined) {
      section = sections.get(title) ?? { values: new Map(), oddLines: [] };
      sections.set(title, section);
      option = undefined;
      continue;
    }
    // Before the first section nothing is anybody's.
    if (section === undefined) continue;
    const indent = line.search(/\S/);
    const pair = pairIn(words);
    if (option !== undefined && indent > option.indent) {
      nest(section.values, option.name, pair);
      continue;
    }
    option = pair && { name: pair[0], indent };
    if (pair === undefined) section.oddLines.push(index + 1);
    else section.values.set(...pair);
  }
  return sections;
}

/** What is indented below a value that is a text goes on with that text, which nothing that is read here takes. */
function nest(values: OpenSection["values"], name: string, pair: readonly [string, string] | undefined): void {
  const value = values.get(name);
  const nested = value === "" ? new Map<string, string>() : value;
  if (nested === undefined || typeof nested === "string" || pair === undefined) return;
  values.set(name, nested.set(...pair));
}

function pairIn(words: string): [name: string, value: string] | undefined {
  const at = words.search(/[=:]/);
  if (at < 1) return undefined;
  const value = words.slice(at + 1).trim();
  const comment = value.search(/(?:^|\s)[#;]/);
  return [words.slice(0, at).trim().toLowerCase(), (comment < 0 ? value : value.slice(0, comment)).trim()];
}
