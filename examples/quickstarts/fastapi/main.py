import os
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jwt.exceptions import PyJWKClientConnectionError

issuer = os.environ.get("ISSUER_URL", "http://localhost:7117")

# One for the whole program: it keeps the keys, and fetches them again when a token names a new one.
keys = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json")
bearer = HTTPBearer(auto_error=False)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


# Without `async`: FastAPI runs it in a thread, so that fetching keys holds up no other request.
def claims_of(credentials: Credentials) -> dict:
    if credentials is None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    token = credentials.credentials
    try:
        return jwt.decode(
            token,
            keys.get_signing_key_from_jwt(token),
            algorithms=["ES256"],
            issuer=issuer,
            audience="my-api",
            options={"require": ["exp", "sub"]},
        )
    except PyJWKClientConnectionError as error:
        raise HTTPException(503) from error
    except jwt.PyJWTError as error:
        refusal = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise HTTPException(401, headers=refusal) from error


Claims = Annotated[dict, Depends(claims_of)]
app = FastAPI()


@app.get("/hello")
def hello(claims: Claims) -> dict:
    return {"hello": claims["sub"]}
