set -eu
curl -sS "${ISSUER_URL:-http://localhost:7117}/issue" \
  -H "Authorization: Bearer $CALLER_SECRET" -H "Content-Type: application/json" \
  -d '{"claims": {"sub": "alice", "aud": "my-api"}, "ttl": 600}' |
  jq -r '.token // error(.code + ": " + .detail)'
