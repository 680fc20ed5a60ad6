#!/bin/sh
# With the token in the file `token`; needs curl.
set -eu
curl -sS --fail-with-body https://myorg-myaccount.snowflakecomputing.com/api/v2/statements \
  -H "Authorization: Bearer WIF.OIDC.$(cat token)" \
  -H 'X-Snowflake-Authorization-Token-Type: WORKLOAD_IDENTITY_FEDERATION' \
  -H 'Content-Type: application/json' -H 'Accept: application/json' -H 'User-Agent: nightly-job/1.0' \
  -d '{"statement": "select current_user()"}'
