# #region caller
echo '{"maxTtlSeconds": 3600, "allowedAudiences": ["sts.amazonaws.com"], "fixedClaims": {"sub": "{caller}"}}' > ci-limits.json
(umask 077; signet callers add ci --limits ci-limits.json > ci.secret)
# #endregion caller
# #region once
signet token --url https://issuer.example --secret-file web.secret aud=my-api --ttl 15m --file token
# #endregion once
# #region watch
signet token --url https://issuer.example --secret-file ci.secret \
  aud=sts.amazonaws.com --iat --ttl 1h --file /run/signet-token/token --watch
# #endregion watch
# #region check
signet token --check --file /run/signet-token/token --min-ttl 1m
# #endregion check
# #region aws
export AWS_WEB_IDENTITY_TOKEN_FILE=/run/signet-token/token
export AWS_ROLE_ARN=arn:aws:iam::111122223333:role/ci
aws sts get-caller-identity
# #endregion aws
# #region azure
export AZURE_FEDERATED_TOKEN_FILE=/run/signet-token/token
export AZURE_CLIENT_ID=00000000-0000-0000-0000-000000000000 AZURE_TENANT_ID=00000000-0000-0000-0000-000000000000
# #endregion azure
