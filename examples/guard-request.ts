// #region example
import { bearerGuard, createVerifier } from "signet-jwt/verify";

const guard = bearerGuard(createVerifier({ issuer: "https://issuer.example", audience: "my-api" }));

export async function handle(request: Request): Promise<Response> {
  const { token, refusal } = await guard(request.headers.get("authorization"));
  if (refusal !== undefined) return new Response(refusal.body, refusal);
  return Response.json({ hello: token.claims.sub });
}
// #endregion example
