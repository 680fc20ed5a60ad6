// oauth4webapi: does the steps that stand on stdin, and prints what came of each. Tokens are verified by it, as RFC 9068 has it.
import * as oauth from "oauth4webapi";
import { doSteps, foreignToken, JWT_BEARER, JWT_TYPE, keyOf, TOKEN_EXCHANGE } from "./oauth.mjs";

const insecure = { [oauth.allowInsecureRequests]: true };
const AUTHENTICATION = {
  secret: ({ secret }) => oauth.ClientSecretBasic(secret),
  "posted secret": ({ secret }) => oauth.ClientSecretPost(secret),
  "private key": async ({ key }) => oauth.PrivateKeyJwt({ key: await keyOf(key), kid: key.kid }),
  none: () => oauth.None(),
};

await doSteps(async (step) => {
  const issuer = new URL(step.issuer);
  const found = await oauth.discoveryRequest(issuer, { algorithm: step.metadata, ...insecure });
  const server = await oauth.processDiscoveryResponse(issuer, found);
  const client = { client_id: step.client };
  const authentication = await AUTHENTICATION[step.authentication](step);
  const { grant, audience: resource, scope } = step;
  const target = { resource, ...(scope && { scope }) };
  if (grant === "client credentials") {
    const answer = await oauth.clientCredentialsGrantRequest(server, client, authentication, target, insecure);
    return checked(server, resource, await oauth.processClientCredentialsResponse(server, client, answer));
  }
  const [name, parameters] =
    grant === "assertion"
      ? [JWT_BEARER, { ...target, assertion: await foreignToken(step) }]
      : [TOKEN_EXCHANGE, { ...target, subject_token: await foreignToken(step), subject_token_type: JWT_TYPE }];
  const answer = await oauth.genericTokenEndpointRequest(server, client, authentication, name, parameters, insecure);
  return checked(server, resource, await oauth.processGenericTokenEndpointResponse(server, client, answer));
});

async function checked(server, audience, { access_token: token }) {
  const request = new Request("https://api.example/", { headers: { authorization: `Bearer ${token}` } });
  return { token, claims: await oauth.validateJwtAccessToken(server, request, audience, insecure) };
}
