#!/bin/sh
# In the issuer's folder; needs curl. The same token may be sent again until it ends.
set -eu
token=$(signet issue)
curl -sS --fail-with-body https://api.appstoreconnect.apple.com/v1/apps -H "Authorization: Bearer $token"
