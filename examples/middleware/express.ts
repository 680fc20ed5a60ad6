import express, { type RequestHandler } from "express";
import { bearerGuard, createVerifier, type VerifiedToken } from "signet-jwt/verify";

declare global {
  namespace Express {
    interface Request {
      token: VerifiedToken;
    }
  }
}

const verifier = createVerifier({ issuer: process.env.ISSUER ?? "https://issuer.example", audience: "my-api" });

/** Lets requests with a good token through; `scopes` names what it must grant. */
function authenticated(...scopes: string[]): RequestHandler {
  const guard = bearerGuard(verifier, { scopes });
  return async (request, response, next) => {
    const { token, refusal } = await guard(request.headers.authorization);
    if (refusal !== undefined) return void response.status(refusal.status).set(refusal.headers).send(refusal.body);
    request.token = token;
    next();
  };
}

const app = express();
app.get("/hello", authenticated(), (request, response) => void response.json({ hello: request.token.claims.sub }));
app.get("/orders", authenticated("orders:read"), (request, response) => void response.json({ for: request.token.claims.sub }));
app.listen(Number(process.env.PORT ?? 3000));
