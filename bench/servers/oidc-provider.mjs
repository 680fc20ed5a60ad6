/**
 * oidc-provider's client credentials: a client with a secret gets a JWT access token, signed with ES256. Its store is in memory.
 *
 *   node bench/servers/oidc-provider.mjs CLIENT_SECRET   (it wants Node 22 or later)
 */
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const [secret] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const resource = "https://api.example";

const provider = new Provider("https://issuer.example", {
  clients: [
    {
      client_id: "bench",
      client_secret: secret,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: "ES256",
    },
  ],
  clientAuthMethods: ["client_secret_basic"],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: "ES256", use: "sig", kid: "bench" }] },
  ttl: { ClientCredentials: () => 600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: () => ({
        scope: "orders:read",
        audience: resource,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "ES256" } },
      }),
    },
  },
});
const server = provider.listen(0, "127.0.0.1", () => process.stderr.write(`serves http://127.0.0.1:${server.address().port}\n`));
