const issuer = process.env.ISSUER_URL ?? "http://localhost:7117";

const answer = await fetch(`${issuer}/issue`, {
  method: "POST",
  headers: { authorization: `Bearer ${process.env.CALLER_SECRET}`, "content-type": "application/json" },
  body: JSON.stringify({ claims: { sub: "alice", aud: "my-api" }, ttl: 600 }),
});
const body = await answer.json();
if (!answer.ok) throw new Error(`${body.code}: ${body.detail}`);
console.log(body.token);
