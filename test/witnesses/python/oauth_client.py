"""Authlib: does the steps that stand on stdin, and prints what came of each. Tokens are verified by its joserfc."""

import json
import sys
import time

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import AssertionSession, OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import get_well_known_url
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

SUFFIXES = {"oauth2": "oauth-authorization-server", "oidc": "openid-configuration"}
METHODS = {"secret": "client_secret_basic", "posted secret": "client_secret_post"}
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt"


def metadata_of(step):
    url = get_well_known_url(step["issuer"], external=True, suffix=SUFFIXES[step["metadata"]])
    answer = requests.get(url, timeout=30)
    answer.raise_for_status()
    return answer.json()


def foreign_token(step):
    foreign = step["foreign"]
    now = int(time.time())
    claims = {
        "iss": foreign["issuer"],
        "sub": foreign["subject"],
        "aud": step["issuer"],
        "scope": foreign["scope"],
        "iat": now,
        "exp": now + 300,
    }
    header = {"alg": foreign["alg"], "kid": foreign["kid"], "typ": "JWT"}
    return jwt.encode(header, claims, RSAKey.import_key(foreign["jwk"]))


def session_of(step):
    if step["authentication"] != "private key":
        return OAuth2Session(step["client"], step["secret"], token_endpoint_auth_method=METHODS[step["authentication"]])
    key = step["key"]
    session = OAuth2Session(step["client"], ECKey.import_key(key["jwk"]), token_endpoint_auth_method="private_key_jwt")
    # By default its assertions are for the token endpoint, and end in an hour.
    session.register_client_auth_method(
        PrivateKeyJWT(step["issuer"], claims={"exp": int(time.time()) + 60}, headers={"kid": key["kid"]}, alg=key["alg"])
    )
    return session


def token_by(step, endpoint):
    grant, audience = step["grant"], step["audience"]
    if grant == "client credentials":
        return session_of(step).fetch_token(
            endpoint, grant_type="client_credentials", resource=audience, scope=step.get("scope")
        )
    if grant == "assertion":
        foreign = step["foreign"]
        session = AssertionSession(
            endpoint,
            foreign["issuer"],
            foreign["subject"],
            audience=step["issuer"],
            key=RSAKey.import_key(foreign["jwk"]),
            header={"alg": foreign["alg"], "kid": foreign["kid"]},
        )
        return session.refresh_token()
    return session_of(step).fetch_token(
        endpoint,
        grant_type=TOKEN_EXCHANGE,
        subject_token=foreign_token(step),
        subject_token_type=JWT_TYPE,
        resource=audience,
        scope=step.get("scope"),
    )


def answer_to(step):
    metadata = metadata_of(step)
    try:
        token = token_by(step, metadata["token_endpoint"])["access_token"]
    except AuthlibBaseError as error:
        return {"error": error.error, "told": error.description}
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=30).json())
    algorithms = metadata_of({**step, "metadata": "oidc"})["id_token_signing_alg_values_supported"]
    decoded = jwt.decode(token, keys, algorithms=algorithms)
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": metadata["issuer"]},
        aud={"essential": True, "value": step["audience"]},
        exp={"essential": True},
    )
    registry.validate(decoded.claims)
    return {"token": token, "claims": decoded.claims}


def told(step):
    try:
        return answer_to(step)
    except Exception as error:  # what else fails is for the judge to see
        return {"error": type(error).__name__, "told": str(error)}


json.dump([told(step) for step in json.load(sys.stdin)["steps"]], sys.stdout)
