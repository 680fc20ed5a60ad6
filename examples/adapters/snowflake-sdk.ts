import { openIssuer } from "signet-jwt";
import snowflake from "snowflake-sdk";

const issuer = await openIssuer(); // Of `signet init --for snowflake`: Snowflake finds its keys by its URL.

/** Logs in as the user whose `WORKLOAD_IDENTITY` has this issuer, `sub` as SUBJECT, and `aud` in its OIDC_AUDIENCE_LIST. */
export async function connect(sub: string, aud: string, options: snowflake.ConnectionOptions): Promise<snowflake.Connection> {
  const { token } = await issuer.issue({ claims: { sub, aud }, ttl: 300 });
  const login = { authenticator: "WORKLOAD_IDENTITY", workloadIdentityProvider: "OIDC", token } as const;
  return snowflake.createConnection({ ...options, ...login }).connectAsync();
}
