#!/bin/sh
# A service that was called with a user's token gets one for the next service (RFC 8693).
set -eu
ISSUER_URL=${ISSUER_URL:-https://issuer.example}
printf %s "$USER_TOKEN" | curl -sS "$ISSUER_URL/token" -u "gateway:$CALLER_SECRET" \
  -d grant_type=urn:ietf:params:oauth:grant-type:token-exchange -d audience=https://api.example -d scope=read \
  -d subject_token_type=urn:ietf:params:oauth:token-type:jwt --data-urlencode subject_token@- |
  jq -r '.access_token // error(tojson)'
