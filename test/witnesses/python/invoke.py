"""boto3: does the invocations that stand on stdin, and prints what came of each."""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

task = json.load(sys.stdin)
client = boto3.client(
    "lambda",
    endpoint_url=task["endpoint"],
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
    config=Config(retries={"total_max_attempts": 1}),
)


def answer_to(step):
    call = {"FunctionName": step["name"], "Payload": step["payload"]}
    if "qualifier" in step:
        call["Qualifier"] = step["qualifier"]
    if "type" in step:
        call["InvocationType"] = step["type"]
    if step.get("tail"):
        call["LogType"] = "Tail"
    try:
        answer = client.invoke(**call)
    except ClientError as error:
        return {"error": error.response["Error"]["Code"], "status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
    return {
        "status": answer["StatusCode"],
        "functionError": answer.get("FunctionError"),
        "version": answer.get("ExecutedVersion"),
        "log": answer.get("LogResult"),
        "payload": answer["Payload"].read().decode(),
    }


print(json.dumps([answer_to(step) for step in task["steps"]]))
