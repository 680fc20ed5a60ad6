/** What a key costs a month in US dollars, by the price pages of us-east-1. */
export const KMS_KEY_MONTH_USD = 1;
export const SECRET_MONTH_USD = 0.4;

/**
 * Signatures a second that KMS makes in an account and region, for all callers together, by default: RSA, ECC and ML-DSA each have so many (KMS
 * developer guide, "Request quotas", 2026-11-21).
 */
export const KMS_SIGNATURES_PER_SECOND = 1_000;
