/** A part of a sentence: a key's name, or words between. */
interface SentencePart {
  readonly words: string;
  /** The kid that the words name; `null` where they name none. */
  readonly kid: string | null;
}

/** No more of a sentence is looked at for one name. */
const MAX_BEGUN = 256;

/** Cuts a sentence at the names of keys in it: whole kids, and as much of one as is followed by an ellipsis. */
export function sentenceParts(sentence: string, kids: readonly string[]): SentencePart[] {
  const names = kids.filter((kid) => kid !== "").sort((a, b) => b.length - a.length);
  const isEdge = (index: number) => !/[\w-]/.test(sentence[index] ?? " ");
  const nameAt = (at: number): { words: string; kid: string } | undefined => {
    if (!isEdge(at - 1)) return undefined;
    const whole = names.find((kid) => sentence.startsWith(kid, at) && isEdge(at + kid.length));
    if (whole !== undefined) return { words: whole, kid: whole };
    const begun = /^[^\s…]+(?=…)/.exec(sentence.slice(at, at + MAX_BEGUN))?.[0];
    const kid = begun && names.find((name) => name.startsWith(begun));
    return kid ? { words: `${begun}…`, kid } : undefined;
  };
  const parts: SentencePart[] = [];
  let from = 0;
  for (let at = 0; at < sentence.length; at += 1) {
    const found = nameAt(at);
    if (found === undefined) continue;
    if (at > from) parts.push({ words: sentence.slice(from, at), kid: null });
    parts.push(found);
    from = at + found.words.length;
    at = from - 1;
  }
  if (from < sentence.length) parts.push({ words: sentence.slice(from), kid: null });
  return parts;
}

/** How an installation is, in a few words: what was not looked at is not well, and not wrong either. */
export function healthInWords(items: readonly { readonly isWell: boolean | null }[]): string {
  const [wrong, unknown] = [false, null].map((value) => items.filter(({ isWell }) => isWell === value).length) as [
    number,
    number,
  ];
  if (wrong > 0) return wrong === 1 ? "One thing needs a look" : `${wrong} things need a look`;
  if (unknown > 0) return `Nothing wrong was seen; ${unknown === 1 ? "one thing is" : `${unknown} things are`} not known`;
  return "All is well";
}
