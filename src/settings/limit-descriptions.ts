import type { Limits } from "./limits.js";

/** What each limit is, for editors. Apart, since the function that signs shows no editor anything. */
export const LIMIT_DESCRIPTIONS: Readonly<Record<keyof Limits, string>> = {
  maxTtlSeconds: "The longest life of a token. In seconds.",
  defaultTtlSeconds: "The life when neither ttl nor exp is asked; null makes asking obligatory. In seconds.",
  requireExpiration: "False allows tokens without exp.",
  fixedClaims: "Claims that every token gets.",
  allowedClaims: "The only claims that may be asked.",
  requiredClaims: "Claims without which no token is issued.",
  allowedAudiences: "The only audiences: exact, or ending in *.",
  allowedTypes: "Values of the header's typ that may be asked, beside JWT.",
  maxTokensPerMinute: "Tokens within any minute.",
};
