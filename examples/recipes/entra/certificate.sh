#!/bin/sh
# In the issuer's folder; needs jq. Writes certificate.pem, of the newest key, and names the certificates of the keys that sign, and will, in signet.json.
set -eu
signet keys pem --for entra --json > made.json
jq -j '.keys[-1].text' made.json > certificate.pem
named=$(
  jq --slurpfile made made.json '(.tokens.certificates // {}) as $had |
    .tokens.certificates = ($made[0].keys | map({ (.kid): ($had[.kid] // .thumbprint) }) | add)' signet.json
)
printf '%s\n' "$named" > signet.json
