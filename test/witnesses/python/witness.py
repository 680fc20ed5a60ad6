"""PyJWT as a witness: answers JSON lines on stdin with JSON lines on stdout."""

import json
import platform
import sys
from importlib.metadata import version

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.utils import base64url_decode

CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}
KEYS = {}


def new_key(alg):
    if alg[:2] in ("RS", "PS"):
        return rsa.generate_private_key(public_exponent=65537, key_size=2048), RSAAlgorithm
    if alg in CURVES:
        return ec.generate_private_key(CURVES[alg]()), ECAlgorithm
    if alg == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate(), OKPAlgorithm
    raise NotImplementedError(alg)


def hello(_):
    runtime = f"Python {platform.python_version()}, cryptography {version('cryptography')}"
    return {"version": version("PyJWT"), "runtime": runtime}


def keygen(request):
    private_key, family = new_key(request["alg"])
    KEYS[request["name"]] = private_key, request["kid"]
    jwk = family.to_jwk(private_key.public_key(), as_dict=True)
    return {"jwk": {**jwk, "alg": request["alg"], "kid": request["kid"], "use": "sig"}}


def sign(request):
    key, kid = KEYS[request["name"]]
    wanted = request.get("leadingZero")
    for attempt in range(20_000):
        claims = dict(request["claims"])
        if wanted:
            claims["jti"] = f"attempt-{attempt}"
        token = jwt.encode(claims, key, algorithm=request["alg"], headers={"kid": kid})
        signature = base64url_decode(token.rsplit(".", 1)[1])
        if not wanted or signature[0 if wanted == "r" else len(signature) // 2] == 0:
            return {"token": token}
    raise RuntimeError(f"no {wanted} with a leading zero byte in 20,000 signatures")


def verify(request):
    key = jwt.PyJWKSet.from_dict(request["jwks"])[jwt.get_unverified_header(request["token"])["kid"]]
    try:
        claims = jwt.decode(
            request["token"],
            key,
            algorithms=[request["alg"]],
            issuer=request["issuer"],
            audience=request["audience"],
            options={"require": ["exp"]},
        )
    except jwt.PyJWTError as error:
        return {"refused": type(error).__name__, "why": str(error)}
    return {"verified": claims}


def keys(request):
    return {"kids": [key.key_id for key in jwt.PyJWKSet.from_dict(request["jwks"])]}


OPERATIONS = {"hello": hello, "keygen": keygen, "sign": sign, "verify": verify, "keys": keys}


def outcome(request):
    try:
        return OPERATIONS[request["op"]](request)
    except Exception as error:  # the witness goes on whatever happened
        return {"error": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    print(json.dumps(outcome(json.loads(line))), flush=True)
