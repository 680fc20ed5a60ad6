import { GetWebIdentityTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { createTokenSource } from "signet-jwt/client";

const { ISSUER_URL = "https://issuer.example", API_URL = "https://api.example/items" } = process.env;
const sts = new STSClient({});

/** What says who this function is, made anew for each token of the issuer. */
async function assertion() {
  const asked = { Audience: [ISSUER_URL], SigningAlgorithm: "ES384", DurationSeconds: 300 };
  return (await sts.send(new GetWebIdentityTokenCommand(asked))).WebIdentityToken;
}

// One for the whole function: it keeps the token until shortly before that ends, also over a freeze.
const source = createTokenSource({
  from: { tokenUrl: `${ISSUER_URL}/token` },
  as: { assertion },
  request: { claims: { aud: "my-api" } },
});

export async function handler() {
  const answer = await fetch(API_URL, { headers: { authorization: `Bearer ${await source.token()}` } });
  return { status: answer.status };
}
