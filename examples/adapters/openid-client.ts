import { type ClientAuth, type Configuration, type DiscoveryRequestOptions, discovery } from "openid-client";
import { openIssuer } from "signet-jwt";

const issuer = await openIssuer(); // Of `signet init --for client-assertion`.

// A new assertion for each request: servers take one once. It is awaited, though its type does not say so.
const signetAssertion: ClientAuth = async (server, client, body) => {
  const { token } = await issuer.issue({ claims: { aud: server.issuer } });
  body.set("client_id", client.client_id);
  body.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  body.set("client_assertion", token);
};

/** A client of an authorization server that knows its public keys. */
export function clientOf(server: URL, clientId: string, options?: DiscoveryRequestOptions): Promise<Configuration> {
  return discovery(server, clientId, undefined, signetAssertion, options);
}
