# What docs/recipes/ types on the issuer's side, each region in a folder of its own. A test runs every line.
# #region several
signet init --for iam,google-cloud,azure,anthropic,openai --issuer https://issuer.example
# #endregion several
# #region google-cloud
signet init --for google-cloud --issuer https://issuer.example
# #endregion google-cloud
# #region google-cloud-token
signet issue sub=nightly-job --ttl 10m > token \
  aud=https://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/signet/providers/signet
# #endregion google-cloud-token
# #region azure
signet init --for azure --issuer https://issuer.example
# #endregion azure
# #region azure-token
signet issue sub=nightly-job aud=api://AzureADTokenExchange --ttl 10m > token
# #endregion azure-token
# #region anthropic
signet init --for anthropic --issuer https://issuer.example
# #endregion anthropic
# #region anthropic-token
signet issue sub=nightly-job aud=https://api.anthropic.com --ttl 10m > token
# #endregion anthropic-token
# #region openai
signet init --for openai --issuer https://issuer.example
# #endregion openai
# #region openai-token
signet issue sub=nightly-job aud=https://api.openai.com/v1 --ttl 30m > token
# #endregion openai-token
# #region snowflake-federation
signet init --for snowflake --issuer https://issuer.example
# #endregion snowflake-federation
# #region snowflake-federation-token
signet issue sub=nightly-job aud=https://myorg-myaccount.snowflakecomputing.com --ttl 10m > token
# #endregion snowflake-federation-token
# #region entra
signet init --for entra --client-id 55555555-6666-7777-8888-999999999999
# #endregion entra
