import os
import sys

import jwt

issuer = os.environ.get("ISSUER_URL", "http://localhost:7117")
token = sys.argv[1]

# One for the whole program: it keeps the keys, and fetches them again when a token names a new one.
keys = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json")

claims = jwt.decode(
    token,
    keys.get_signing_key_from_jwt(token),
    algorithms=["ES256"],
    issuer=issuer,
    audience="my-api",
    options={"require": ["exp"]},
)
print(claims["sub"])
