#!/bin/sh
# Once, with a token of an administrator in ANTHROPIC_AUTH_TOKEN; needs curl and jq.
set -eu
create() {
  curl -sS "https://api.anthropic.com/v1/organizations/$1" -H "Authorization: Bearer $ANTHROPIC_AUTH_TOKEN" \
    -H 'anthropic-version: 2023-06-01' -H 'Content-Type: application/json' -d @- | jq -r '.id // error(tojson)'
}
account=$(echo '{"name": "nightly-job", "organization_role": "developer"}' | create service_accounts)
issuer=$(
  jq -n '{name: "signet", issuer_url: "https://issuer.example", jwks: {type: "discovery"}, max_jwt_lifetime_seconds: 3600}' |
    create federation_issuers
)
rule=$(
  jq -n --arg issuer "$issuer" --arg account "$account" --arg workspace "$WORKSPACE_ID" '{
    name: "nightly-job",
    issuer_id: $issuer,
    match: {subject_prefix: "nightly-job", audience: "https://api.anthropic.com"},
    target: {type: "service_account", service_account_id: $account},
    workspace_id: $workspace,
    oauth_scope: "workspace:inference",
    token_lifetime_seconds: 600
  }' | create federation_rules
)
echo "RULE=$rule"
echo "ACCOUNT=$account"
