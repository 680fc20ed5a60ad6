/** What a key costs a month in US dollars, by the price pages of us-east-1. */
export const KMS_KEY_MONTH_USD = 1;
export const SECRET_MONTH_USD = 0.4;
