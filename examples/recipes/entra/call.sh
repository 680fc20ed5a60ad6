#!/bin/sh
# In the issuer's folder; needs curl and jq.
set -eu
TENANT=00000000-1111-2222-3333-444444444444
APP=55555555-6666-7777-8888-999999999999
token=$(signet issue aud="https://login.microsoftonline.com/$TENANT/oauth2/v2.0/token" --nbf)
access=$(
  curl -sS "https://login.microsoftonline.com/$TENANT/oauth2/v2.0/token" \
    -d grant_type=client_credentials -d client_id="$APP" \
    --data-urlencode scope=https://graph.microsoft.com/.default \
    --data-urlencode client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
    --data-urlencode client_assertion="$token" |
    jq -r '.access_token // error(tojson)'
)
curl -sS --fail-with-body 'https://graph.microsoft.com/v1.0/applications?$top=1' -H "Authorization: Bearer $access"
