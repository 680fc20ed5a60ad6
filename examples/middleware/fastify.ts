import fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import { bearerGuard, createVerifier, type VerifiedToken } from "signet-jwt/verify";

declare module "fastify" {
  interface FastifyRequest {
    token: VerifiedToken;
  }
}

const verifier = createVerifier({ issuer: process.env.ISSUER ?? "https://issuer.example", audience: "my-api" });

/** Lets requests with a good token through; `scopes` names what it must grant. */
function authenticated(...scopes: string[]) {
  const guard = bearerGuard(verifier, { scopes });
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const { token, refusal } = await guard(request.headers.authorization);
    if (refusal !== undefined) return reply.code(refusal.status).headers(refusal.headers).send(refusal.body);
    request.token = token;
  };
}

const app = fastify();
app.get("/hello", { onRequest: authenticated() }, async (request) => ({ hello: request.token.claims.sub }));
app.get("/orders", { onRequest: authenticated("orders:read") }, async (request) => ({ for: request.token.claims.sub }));
await app.listen({ port: Number(process.env.PORT ?? 3000) });
