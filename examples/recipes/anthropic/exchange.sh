#!/bin/sh
# With the token in the file `token`, and RULE, ACCOUNT, ORGANIZATION_ID and WORKSPACE_ID; needs curl and jq.
set -eu
access=$(
  jq -n --arg token "$(cat token)" --arg rule "$RULE" --arg account "$ACCOUNT" \
    --arg organization "$ORGANIZATION_ID" --arg workspace "$WORKSPACE_ID" '{
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    assertion: $token,
    federation_rule_id: $rule,
    organization_id: $organization,
    service_account_id: $account,
    workspace_id: $workspace
  }' |
    curl -sS https://api.anthropic.com/v1/oauth/token -H 'Content-Type: application/json' -d @- |
    jq -r '.access_token // error(tojson)'
)
curl -sS --fail-with-body https://api.anthropic.com/v1/models \
  -H "Authorization: Bearer $access" -H 'anthropic-version: 2023-06-01'
