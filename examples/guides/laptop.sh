# AWS's clients of this shell ask `signet serve --dev`, which takes any credentials.
# #region laptop
export AWS_ENDPOINT_URL_LAMBDA="${ISSUER_URL:-http://localhost:7117}"
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any
# #endregion laptop
