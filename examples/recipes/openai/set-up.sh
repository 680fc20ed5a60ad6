#!/bin/sh
# Once, with an admin key in OPENAI_ADMIN_KEY, and PROJECT_ID and ACCOUNT, a service account of that project; needs curl and jq.
set -eu
create() {
  curl -sS "https://api.openai.com/v1/organization/$1" -H "Authorization: Bearer $OPENAI_ADMIN_KEY" \
    -H 'Content-Type: application/json' -d @- | jq -r '.id // error(tojson)'
}
provider=$(
  jq -n '{
    name: "signet",
    type: "oidc",
    issuer: "https://issuer.example",
    audience: "https://api.openai.com/v1",
    verification: {type: "discovery", discovery_url: null}
  }' | create workload_identity_providers
)
jq -n --arg project "$PROJECT_ID" --arg account "$ACCOUNT" '{
  name: "nightly-job",
  attribute_matchers: {sub: "nightly-job"},
  project_id: $project,
  service_account_id: $account,
  permissions: {type: "restricted", scopes: ["api.model.request"]}
}' | create "workload_identity_providers/$provider/federation_rules" >&2
echo "PROVIDER=$provider"
