set -eu
echo '{"claims": {"sub": "alice", "aud": "my-api"}, "ttl": 600}' > request.json
aws lambda invoke --function-name "${ISSUER_FUNCTION:-signet:web}" --payload fileb://request.json answer.json >&2
jq -r '.token // error(.errorType + ": " + .errorMessage)' answer.json
