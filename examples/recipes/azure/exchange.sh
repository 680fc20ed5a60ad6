#!/bin/sh
# With the token in the file `token`; needs curl and jq.
set -eu
TENANT=00000000-1111-2222-3333-444444444444
APP=55555555-6666-7777-8888-999999999999
access=$(
  curl -sS "https://login.microsoftonline.com/$TENANT/oauth2/v2.0/token" \
    -d grant_type=client_credentials -d client_id="$APP" \
    --data-urlencode scope=https://management.azure.com/.default \
    --data-urlencode client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
    --data-urlencode client_assertion="$(cat token)" |
    jq -r '.access_token // error(tojson)'
)
curl -sS --fail-with-body 'https://management.azure.com/subscriptions?api-version=2022-12-01' -H "Authorization: Bearer $access"
