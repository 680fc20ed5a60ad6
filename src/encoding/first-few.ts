/** As many are told where a message lists reasons. */
const MAX_TOLD = 5;

/** Names for a sentence, the first of them, and how many more there are: "a, b and 3 more". */
export function firstNames(names: readonly string[], most: number): string {
  const more = names.length > most ? ` and ${names.length - most} more` : "";
  return `${names.slice(0, most).join(", ")}${more}`;
}

/** Words for a sentence, the first few of them, and how many more there are. */
export function firstFew(words: readonly string[]): string {
  const more = words.length > MAX_TOLD ? [`and ${words.length - MAX_TOLD} more`] : [];
  return [...words.slice(0, MAX_TOLD), ...more].join("; ");
}
