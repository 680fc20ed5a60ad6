// openid-client: does the steps that stand on stdin, and prints what came of each.
import * as client from "openid-client";
import { doSteps, foreignToken, JWT_BEARER, JWT_TYPE, keyOf, TOKEN_EXCHANGE, verified } from "./oauth.mjs";

const AUTHENTICATION = {
  secret: ({ secret }) => client.ClientSecretBasic(secret),
  "posted secret": ({ secret }) => client.ClientSecretPost(secret),
  "private key": async ({ key }) => client.PrivateKeyJwt({ key: await keyOf(key), kid: key.kid }),
  none: () => client.None(),
};

await doSteps(async (step) => {
  const authentication = await AUTHENTICATION[step.authentication](step);
  const config = await client.discovery(new URL(step.issuer), step.client, {}, authentication, {
    algorithm: step.metadata,
    execute: [client.allowInsecureRequests],
  });
  const { access_token } = await tokenBy(step, config);
  return { token: access_token, claims: await verified(access_token, config.serverMetadata(), step.audience) };
});

async function tokenBy(step, config) {
  const { grant, audience, scope } = step;
  const target = { resource: audience, ...(scope && { scope }) };
  if (grant === "client credentials") return client.clientCredentialsGrant(config, target);
  if (grant === "assertion") {
    return client.genericGrantRequest(config, JWT_BEARER, { ...target, assertion: await foreignToken(step) });
  }
  return client.genericGrantRequest(config, TOKEN_EXCHANGE, {
    ...target,
    subject_token: await foreignToken(step),
    subject_token_type: JWT_TYPE,
  });
}
