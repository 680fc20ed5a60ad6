import { openIssuer } from "signet-jwt";
import snowflake from "snowflake-sdk";

const issuer = await openIssuer(); // Of `signet init --for snowflake`: Snowflake finds its keys by its URL.

/** Logs in by workload identity, as the user whose `WORKLOAD_IDENTITY` names this issuer and this subject. */
export async function connect(subject: string, options: snowflake.ConnectionOptions): Promise<snowflake.Connection> {
  const { token } = await issuer.issue({ claims: { sub: subject, aud: "snowflakecomputing.com" }, ttl: 300 });
  const login = { authenticator: "WORKLOAD_IDENTITY", workloadIdentityProvider: "OIDC", token } as const;
  return snowflake.createConnection({ ...options, ...login }).connectAsync();
}
