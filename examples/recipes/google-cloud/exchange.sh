#!/bin/sh
# With the token in the file `token`; needs curl and jq.
set -eu
PROVIDER=//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/signet/providers/signet
access=$(
  jq -n --arg audience "$PROVIDER" --arg token "$(cat token)" '{
    grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
    audience: $audience,
    scope: "https://www.googleapis.com/auth/cloud-platform",
    requestedTokenType: "urn:ietf:params:oauth:token-type:access_token",
    subjectTokenType: "urn:ietf:params:oauth:token-type:jwt",
    subjectToken: $token
  }' |
    curl -sS https://sts.googleapis.com/v1/token -H 'Content-Type: application/json' -d @- |
    jq -r '.access_token // error(tojson)'
)
curl -sS --fail-with-body https://storage.googleapis.com/storage/v1/b/my-bucket/o -H "Authorization: Bearer $access"
