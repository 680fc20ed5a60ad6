"""The AWS CLI: does the invocations that stand on stdin as a person would type them, and prints what came of each."""

import json
import os
import re
import subprocess
import sys
import tempfile

task = json.load(sys.stdin)
aws = os.path.join(os.path.dirname(sys.executable), "aws")


def answer_to(step):
    with tempfile.NamedTemporaryFile() as out:
        words = [sys.executable, aws, "lambda", "invoke", "--function-name", step["name"], "--endpoint-url", task["endpoint"]]
        words += ["--no-sign-request", "--region", "us-east-1", "--payload", step["payload"]]
        if "qualifier" in step:
            words += ["--qualifier", step["qualifier"]]
        if "type" in step:
            words += ["--invocation-type", step["type"]]
        if step.get("tail"):
            words += ["--log-type", "Tail"]
        # A shell without AWS configuration.
        ran = subprocess.run([*words, out.name], capture_output=True, text=True, env={"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir()})
        if ran.returncode != 0:
            name = re.search(r"\((\w+)\)", ran.stderr)
            return {"error": name.group(1) if name else ran.stderr, "status": None}
        answer = json.loads(ran.stdout)
        return {
            "status": answer["StatusCode"],
            "functionError": answer.get("FunctionError"),
            "version": answer.get("ExecutedVersion"),
            "log": answer.get("LogResult"),
            "payload": out.read().decode(),
        }


print(json.dumps([answer_to(step) for step in task["steps"]]))
