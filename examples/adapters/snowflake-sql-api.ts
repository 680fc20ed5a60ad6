import { openIssuer } from "signet-jwt";

const issuer = await openIssuer(); // Of `signet init --for snowflake-keypair`.

/** Runs a statement by Snowflake's SQL API: `account` is the URL, such as `https://MYORG-ACCOUNT.snowflakecomputing.com`. */
export async function runStatement(account: string, statement: string): Promise<unknown> {
  const { token } = await issuer.issue({ claims: {} });
  const headers = {
    authorization: `Bearer ${token}`,
    "x-snowflake-authorization-token-type": "KEYPAIR_JWT",
    "content-type": "application/json",
    accept: "application/json",
    "user-agent": "reports/1.0",
  };
  const answer = await fetch(`${account}/api/v2/statements`, { method: "POST", headers, body: JSON.stringify({ statement }) });
  if (!answer.ok) throw new Error(`Snowflake answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}
