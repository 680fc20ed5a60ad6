#!/bin/sh
# Beside a SPIRE agent; needs curl and jq.
set -eu
ISSUER_URL=${ISSUER_URL:-https://issuer.example}
proof=$(spire-agent api fetch jwt -audience "$ISSUER_URL" -socketPath "${SPIRE_SOCKET:-/run/spire/sockets/agent.sock}" |
  sed -n '/^token(/{n;s/^[[:space:]]*//p;q;}')
token=$(printf %s "$proof" | curl -sS "$ISSUER_URL/token" \
  -d grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer -d audience=my-api \
  --data-urlencode assertion@- | jq -r '.access_token // error(tojson)')
curl -sS --fail-with-body -H "Authorization: Bearer $token" https://api.example/items
