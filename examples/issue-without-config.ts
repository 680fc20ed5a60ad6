// #region example
import { createIssuer } from "signet-jwt";
import { openActiveKey } from "signet-jwt/custody";

// The key of an installation in AWS, followed through rotations. Keys in files: { directory: ".signet" }.
const signer = await openActiveKey({ aws: { installation: "prod", region: "eu-central-1" } });
const issuer = createIssuer({ signer, issuer: "https://issuer.example", limits: { maxTtlSeconds: 900 } });

export async function tokenFor(user: string): Promise<string> {
  const { token } = await issuer.issue({ claims: { sub: user, aud: "api" } });
  return token;
}
// #endregion example
