/** Claims that are typed as options by mistake. */
const CLAIM_AS_OPTION = /unknown option '--(aud|sub|iss|scope)'/;

/**
 * What the parser of the command line says is wrong, as it is told here. A key that was pasted begins with dashes, as an option does: it is not
 * repeated.
 */
export function usageInWords(text: string): string {
  const words = text.replace(/^error: /, "").replace(/(-----BEGIN).*$/s, "$1 ...'\n");
  const [, claim] = CLAIM_AS_OPTION.exec(words) ?? [];
  if (claim === undefined || words.includes("Did you mean")) return `signet: ${words}`;
  return `signet: ${words.trimEnd()}; a claim is typed without dashes: ${claim}=VALUE\n`;
}
