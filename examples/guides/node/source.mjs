import { createTokenSource } from "signet-jwt/client";

const source = createTokenSource({
  from: { url: process.env.ISSUER_URL ?? "http://localhost:7117" },
  as: { secret: process.env.CALLER_SECRET },
  request: { claims: { sub: "alice", aud: "my-api" }, ttl: 600 },
});

// As often as you like: it is asked for once, and again shortly before it ends.
console.log(await source.token());
