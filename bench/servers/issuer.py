"""The same work as `POST /issue` by uvicorn and joserfc: a caller's secret, the request's JSON, a token, a line of log, a metric.

    python bench/servers/issuer.py SECRET
"""

import asyncio
import hashlib
import hmac
import json
import logging
import socket
import sys
import time
from collections import Counter

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey

SECRET = hashlib.sha256(sys.argv[1].encode()).digest()
KEY = ECKey.generate_key("P-256", {"kid": "bench", "use": "sig", "alg": "ES256"})
HEADER = {"alg": "ES256", "kid": "bench", "typ": "JWT"}
ANSWERED = Counter()
LOG = logging.getLogger("issuer")
LOG.addHandler(logging.StreamHandler(sys.stdout))
LOG.setLevel(logging.INFO)


def issue(body: bytes) -> str:
    asked = json.loads(body)
    if not 1 <= asked["ttl"] <= 86_400:
        raise ValueError("ttl is out of bounds")
    now = int(time.time())
    claims = {**asked["claims"], "iss": "https://issuer.example", "exp": now + asked["ttl"]}
    if asked.get("setIat"):
        claims["iat"] = now
    return jwt.encode(HEADER, claims, KEY)


def decide(headers: dict, body: bytes) -> tuple[int, dict]:
    given = hashlib.sha256(headers.get(b"authorization", b"").removeprefix(b"Bearer ")).digest()
    if not hmac.compare_digest(given, SECRET):
        return 401, {"code": "caller_unknown"}
    try:
        return 200, {"token": issue(body)}
    except (ValueError, KeyError) as error:
        return 400, {"detail": str(error)}


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    began = time.perf_counter()
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    is_issue = scope["path"] == "/issue"
    status, answer = decide(dict(scope["headers"]), body) if is_issue else (200, {"status": "ok"})
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})
    ANSWERED[scope["path"], status] += 1
    LOG.info(json.dumps({"route": scope["path"], "status": status, "ms": (time.perf_counter() - began) * 1_000}))


async def main():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    print(f"serves http://127.0.0.1:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
    await uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).serve(sockets=[listener])


asyncio.run(main())
