/** " (did you mean X?)" of the candidate that a mistyped word was most likely meant to be, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  let words = "";
  let least = word.length + 2;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least && distance <= Math.max(1, candidate.length / 3)) {
      least = distance;
      words = ` (did you mean ${candidate}?)`;
    }
  }
  return words;
}

// Levenshtein's distance, row by row.
function editDistance(left: string, right: string): number {
  let row = [...Array(right.length + 1).keys()];
  for (const letter of left) {
    const next = [(row[0] as number) + 1];
    for (let at = 0; at < right.length; at++) {
      const substituted = (row[at] as number) + (letter === right[at] ? 0 : 1);
      next.push(Math.min(substituted, (row[at + 1] as number) + 1, (next[at] as number) + 1));
    }
    row = next;
  }
  return row.at(-1) as number;
}
