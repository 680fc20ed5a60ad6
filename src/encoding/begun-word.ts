import { didYouMean } from "./nearest.js";

/**
 * As `didYouMean`, where words are left unfinished: what one candidate alone begins with is meant, although another is fewer letters away, as
 * gitlab is from `github`, which begins github-actions.
 */
export function didYouBegin(word: string, candidates: readonly string[]): string {
  const begun = word.toLowerCase();
  const [first, ...others] = candidates.filter((candidate) => begun.length > 2 && candidate.toLowerCase().startsWith(begun));
  return first !== undefined && others.length === 0 ? ` (did you mean ${first}?)` : didYouMean(word, candidates);
}
