/**
 * How `--for`, and `for` in signet.json, name each party, in the order of the table. They stand apart from it, since it is long, and a config
 * is read often.
 */
export const PARTY_IDS: readonly string[] = [
  ...["http-api", "rest-api", "rest-api-jwt", "alb", "iam", "cognito", "eks", "appsync", "agentcore"],
  ...["kubernetes", "hotsock", "mcp-server"],
  ...["signet", "jose", "aws-jwt-verify", "jsonwebtoken", "pyjwt", "golang-jwt", "go-jose", "go-oidc", "nimbus", "ruby-jwt"],
  ...["dotnet", "rust", "php"],
  ...["google-cloud", "azure", "anthropic", "openai", "openai-codex"],
  ...["snowflake", "snowflake-external-oauth", "databricks", "vault", "tailscale", "mcp-federation"],
  ...["github-app", "app-store-connect", "app-store-server", "apns", "snowflake-keypair", "google-service-account"],
  ...["client-assertion", "okta", "auth0", "keycloak", "entra"],
];
