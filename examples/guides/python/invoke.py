import json
import os
import sys

import boto3

function = boto3.client("lambda")
answer = function.invoke(
    FunctionName=os.environ.get("ISSUER_FUNCTION", "signet:web"),
    Payload=json.dumps({"claims": {"sub": "alice", "aud": "my-api"}, "ttl": 600}),
)
body = json.load(answer["Payload"])
if "FunctionError" in answer:
    sys.exit(f"{body['errorType']}: {body['errorMessage']}")
print(body["token"])
