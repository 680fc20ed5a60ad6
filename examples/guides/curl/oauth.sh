set -eu
curl -sS "${ISSUER_URL:-http://localhost:7117}/token" -u "web:$CALLER_SECRET" \
  -d grant_type=client_credentials -d audience=my-api |
  jq -r '.access_token // error(tojson)'
