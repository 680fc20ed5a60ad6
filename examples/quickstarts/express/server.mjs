import express from "express";
import { bearerGuard, createVerifier } from "signet-jwt/verify";

const { ISSUER_URL = "http://localhost:7117", PORT = "8000" } = process.env;
const guard = bearerGuard(createVerifier({ issuer: ISSUER_URL, audience: "my-api" }));

const app = express();
app.use(async (request, response, next) => {
  const { token, refusal } = await guard(request.headers.authorization);
  if (refusal !== undefined) return response.status(refusal.status).set(refusal.headers).send(refusal.body);
  request.token = token;
  next();
});
app.get("/hello", (request, response) => response.json({ hello: request.token.claims.sub }));
app.listen(Number(PORT));
