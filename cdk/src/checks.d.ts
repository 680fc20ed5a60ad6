/** What `signet deploy` checks by as well; the build bundles it from Signet's own sources. */
export function checkParameter(name: string, value: string, rule: { readonly Type: string }): void;
export function checkCallers(text: string, issuer?: string): void;
export function checkTokens(text: string, issuer?: string, callers?: string): unknown;
export function didYouMean(word: string, candidates: Iterable<string>): string;
