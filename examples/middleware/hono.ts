import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { bearerGuard, createVerifier, type VerifiedToken } from "signet-jwt/verify";

const verifier = createVerifier({ issuer: process.env.ISSUER ?? "https://issuer.example", audience: "my-api" });

/** Lets requests with a good token through; `scopes` names what it must grant. */
function authenticated(...scopes: string[]) {
  const guard = bearerGuard(verifier, { scopes });
  return createMiddleware<{ Variables: { token: VerifiedToken } }>(async (context, next) => {
    const { token, refusal } = await guard(context.req.header("authorization"));
    if (refusal !== undefined) return new Response(refusal.body, refusal);
    context.set("token", token);
    await next();
  });
}

const app = new Hono();
app.get("/hello", authenticated(), (context) => context.json({ hello: context.var.token.claims.sub }));
app.get("/orders", authenticated("orders:read"), (context) => context.json({ for: context.var.token.claims.sub }));
serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) });
