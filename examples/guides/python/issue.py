import os
import sys

import requests

issuer = os.environ.get("ISSUER_URL", "http://localhost:7117")

answer = requests.post(
    f"{issuer}/issue",
    headers={"Authorization": f"Bearer {os.environ['CALLER_SECRET']}"},
    json={"claims": {"sub": "alice", "aud": "my-api"}, "ttl": 600},
    timeout=5,
)
body = answer.json()
if not answer.ok:
    sys.exit(f"{body['code']}: {body['detail']}")
print(body["token"])
