import { serve } from "@hono/node-server";
import { bearerGuard, createVerifier } from "signet-jwt/verify";

const verifier = createVerifier({ issuer: process.env.ISSUER ?? "https://issuer.example", audience: "my-api" });
const anybody = bearerGuard(verifier);
const reader = bearerGuard(verifier, { scopes: ["orders:read"] });

/** What runs wherever there are a Request and a Response: Deno, Bun, an edge, or a server of Node's as here. */
export async function handle(request: Request): Promise<Response> {
  const isOrders = new URL(request.url).pathname === "/orders";
  const { token, refusal } = await (isOrders ? reader : anybody)(request.headers.get("authorization"));
  if (refusal !== undefined) return new Response(refusal.body, refusal);
  return Response.json(isOrders ? { for: token.claims.sub } : { hello: token.claims.sub });
}

serve({ fetch: handle, port: Number(process.env.PORT ?? 3000) });
