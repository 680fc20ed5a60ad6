#!/bin/sh
# In the issuer's folder; needs curl.
set -eu
curl -sS --fail-with-body https://myorg-myaccount.snowflakecomputing.com/api/v2/statements \
  -H "Authorization: Bearer $(signet issue)" -H 'X-Snowflake-Authorization-Token-Type: KEYPAIR_JWT' \
  -H 'Content-Type: application/json' -H 'Accept: application/json' -H 'User-Agent: nightly-job/1.0' \
  -d '{"statement": "select current_user()"}'
