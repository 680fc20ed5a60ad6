import { OAuth2Client } from "google-auth-library";
import { openIssuer } from "signet-jwt";

const issuer = await openIssuer(); // Of `signet init --for google-service-account`.
const ttl = 3_600;

/** What Google's clients take as `authClient`: its tokens go straight to their API, without a token endpoint. */
export function clientFor(scope: string): OAuth2Client {
  const client = new OAuth2Client();
  client.refreshHandler = async () => {
    const { token } = await issuer.issue({ claims: { scope }, ttl });
    return { access_token: token, expiry_date: Date.now() + ttl * 1_000 };
  };
  return client;
}
