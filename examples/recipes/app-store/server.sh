#!/bin/sh
# In the folder of the issuer for the App Store Server API; needs curl. A new token for each request.
set -eu
token=$(signet issue --ttl 5m)
curl -sS --fail-with-body -X POST https://api.storekit-sandbox.apple.com/inApps/v1/notifications/test \
  -H "Authorization: Bearer $token"
