/** The commands of a piece of shell, each as its words: enough of the grammar for what pages show, and no more. */
export function shellCommands(text: string): string[][] {
  const commands: string[][] = [];
  let words: string[] = [];
  let word: string | undefined;
  let skipsWord = false;
  const endWord = () => {
    if (word !== undefined && !skipsWord) words.push(word);
    if (word !== undefined) skipsWord = false;
    word = undefined;
  };
  const endCommand = () => {
    endWord();
    if (words.length > 0) commands.push(words);
    words = [];
  };
  const source = withoutHereDocuments(text.replace(/\\\n/g, " "));
  for (let at = 0; at < source.length; at++) {
    const char = source.charAt(at);
    if (char === "'") {
      const end = closing(source, at, "'");
      word = (word ?? "") + source.slice(at + 1, end);
      at = end;
    } else if (char === '"') {
      const end = closing(source, at, '"');
      const inside = source.slice(at + 1, end);
      commands.push(...substitutions(inside));
      word = (word ?? "") + inside.replace(/\\(["\\$`])/g, "$1");
      at = end;
    } else if (source.startsWith("$(", at) || source.startsWith("<(", at)) {
      const end = parenthesis(source, at + 1);
      commands.push(...shellCommands(source.slice(at + 2, end)));
      word = `${word ?? ""}SUBSTITUTED`;
      at = end;
    } else if (char === "#" && word === undefined) {
      const end = source.indexOf("\n", at);
      at = end < 0 ? source.length : end - 1;
    } else if (/[<>]/.test(char)) {
      if (word !== undefined && /^\d$/.test(word)) word = undefined;
      endWord();
      if (source.charAt(at + 1) === ">" || source.charAt(at + 1) === "&") at++;
      skipsWord = true;
    } else if (/[\n;|&(){}]/.test(char) && !(word !== undefined && /[{}]/.test(char))) endCommand();
    else if (/\s/.test(char)) endWord();
    else word = (word ?? "") + char;
  }
  endCommand();
  return commands;
}

function withoutHereDocuments(text: string): string {
  return text.replace(/<<-?\s*(['"]?)(\w+)\1([^\n]*)\n[\s\S]*?\n\s*\2(?=\n|$)/g, "$3");
}

function closing(source: string, from: number, quote: string): number {
  for (let at = from + 1; at < source.length; at++) {
    if (source.charAt(at) === "\\" && quote === '"') at++;
    else if (source.startsWith("$(", at) && quote === '"') at = parenthesis(source, at + 1);
    else if (source.charAt(at) === quote) return at;
  }
  throw new Error(`a quote never ends: ${source.slice(from, from + 60)}`);
}

function parenthesis(source: string, from: number): number {
  let depth = 0;
  for (let at = from; at < source.length; at++) {
    const char = source.charAt(at);
    if (char === "'" || char === '"') at = closing(source, at, char);
    else if (char === "(") depth++;
    else if (char === ")" && --depth === 0) return at;
  }
  throw new Error(`a parenthesis never ends: ${source.slice(from, from + 60)}`);
}

function substitutions(quoted: string): string[][] {
  const found: string[][] = [];
  for (let at = quoted.indexOf("$("); at >= 0; at = quoted.indexOf("$(", at + 1)) {
    if (quoted.charAt(at + 2) !== "(") found.push(...shellCommands(quoted.slice(at + 2, parenthesis(quoted, at + 1))));
  }
  return found;
}
