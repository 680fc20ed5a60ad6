#!/bin/sh
# In a container of ECS: needs the AWS CLI of November 2025 or later, curl and jq. The task's role may call sts:GetWebIdentityToken.
set -eu
ISSUER_URL=${ISSUER_URL:-https://issuer.example}
proof=$(aws sts get-web-identity-token --audience "$ISSUER_URL" --signing-algorithm ES384 --duration-seconds 300 \
  --query WebIdentityToken --output text)
token=$(printf %s "$proof" | curl -sS "$ISSUER_URL/token" \
  -d grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer -d audience=my-api \
  --data-urlencode assertion@- | jq -r '.access_token // error(tojson)')
curl -sS --fail-with-body -H "Authorization: Bearer $token" https://api.example/items
