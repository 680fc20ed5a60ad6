#!/bin/sh
# With the token in the file `token`, and PROVIDER, ACCOUNT and MODEL; needs curl and jq.
set -eu
access=$(
  jq -n --arg token "$(cat token)" --arg provider "$PROVIDER" --arg account "$ACCOUNT" '{
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    subject_token: $token,
    identity_provider_id: $provider,
    service_account_id: $account
  }' |
    curl -sS https://auth.openai.com/oauth/token -H 'Content-Type: application/json' -d @- |
    jq -r '.access_token // error(tojson)'
)
jq -n --arg model "$MODEL" '{model: $model, input: "Say OK."}' |
  curl -sS --fail-with-body https://api.openai.com/v1/responses -H "Authorization: Bearer $access" \
    -H 'Content-Type: application/json' -d @-
