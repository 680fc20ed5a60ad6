import { GetWebIdentityTokenCommand, STSClient } from "@aws-sdk/client-sts";

const { ISSUER_URL = "https://issuer.example", API_URL = "https://api.example/items" } = process.env;
const sts = new STSClient({});
let held = { token: "", until: 0 };

/** A token of the issuer, kept until shortly before it ends. */
async function token() {
  if (Date.now() < held.until) return held.token;
  const { WebIdentityToken: assertion } = await sts.send(
    new GetWebIdentityTokenCommand({ Audience: [ISSUER_URL], SigningAlgorithm: "ES384", DurationSeconds: 300 }),
  );
  const grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  const answer = await fetch(`${ISSUER_URL}/token`, {
    method: "POST",
    body: new URLSearchParams({ grant_type, assertion, audience: "my-api" }),
    signal: AbortSignal.timeout(10_000),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${answer.status}: ${JSON.stringify(body)}`);
  held = { token: body.access_token, until: Date.now() + (body.expires_in - 60) * 1_000 };
  return held.token;
}

export async function handler() {
  const answer = await fetch(API_URL, { headers: { authorization: `Bearer ${await token()}` } });
  return { status: answer.status };
}
