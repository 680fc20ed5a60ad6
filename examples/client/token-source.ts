import { authorizedFetch, createTokenSource } from "signet-jwt/client";

// #region server
const source = createTokenSource({
  from: { url: "https://issuer.example" },
  as: { secret: process.env.CALLER_SECRET ?? "" },
  request: { claims: { sub: "orders", aud: "my-api" }, ttl: 900 },
});

export async function items(): Promise<Response> {
  const headers = { authorization: `Bearer ${await source.token()}` };
  return fetch("https://api.example/items", { headers });
}
// #endregion server

// #region fetch
const api = authorizedFetch(source, { origins: ["https://api.example"] });

export async function item(id: number): Promise<Response> {
  return api(`https://api.example/items/${id}`);
}
// #endregion fetch
