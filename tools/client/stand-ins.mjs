/** STS and Google's token exchange, as far as a token from a file goes: they take what the issuer's keys have signed, for them, and not over. */
import { createServer } from "node:http";
import { createLocalJWKSet, jwtVerify } from "jose";

/**
 * @param {import("jose").JSONWebKeySet} jwks the issuer's keys
 * @param {{ issuer: string, audience: string }} expected
 */
export async function startStandIns(jwks, { issuer, audience }) {
  const keys = createLocalJWKSet(jwks);
  const verified = (/** @type {string} */ token) => jwtVerify(token, keys, { issuer, audience, clockTolerance: 0 });
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body);
    const isSts = form.get("Action") === "AssumeRoleWithWebIdentity";
    const token = form.get(isSts ? "WebIdentityToken" : "subject_token") ?? "";
    const refused = await verified(token).then(
      () => undefined,
      (error) => String(error.code),
    );
    if (refused !== undefined) {
      response.writeHead(400, { "content-type": "text/plain" }).end(refused);
      return;
    }
    if (isSts) response.writeHead(200, { "content-type": "text/xml" }).end(CREDENTIALS);
    else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(EXCHANGED));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

const CREDENTIALS = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <Credentials>
      <AccessKeyId>ASIAPROVEN</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken>
      <Expiration>2099-01-01T00:00:00Z</Expiration>
    </Credentials>
    <AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/ci/proof</Arn><AssumedRoleId>AROA:proof</AssumedRoleId></AssumedRoleUser>
  </AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>`;

const EXCHANGED = {
  access_token: "google-proven",
  issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
  token_type: "Bearer",
  expires_in: 3_600,
};
