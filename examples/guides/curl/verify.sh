set -eu
issuer="${ISSUER_URL:-http://localhost:7117}"
curl -sSf "$issuer/.well-known/jwks.json" -o jwks.json
npx signet verify "$1" --issuer "$issuer" --audience my-api --jwks jwks.json
