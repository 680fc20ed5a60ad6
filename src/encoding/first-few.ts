/** As many are told where a message lists reasons. */
const MAX_TOLD = 5;

/** Words for a sentence, the first few of them, and how many more there are. */
export function firstFew(words: readonly string[]): string {
  const more = words.length > MAX_TOLD ? [`and ${words.length - MAX_TOLD} more`] : [];
  return [...words.slice(0, MAX_TOLD), ...more].join("; ");
}
