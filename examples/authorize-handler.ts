// #region example
import { authorize, createVerifier } from "signet-jwt/verify";

const verifier = createVerifier({ issuer: "https://issuer.example", audience: "my-api" });

export const handler = authorize(verifier, async (event: { rawPath?: string }, _context: object, { claims }) => ({
  statusCode: 200,
  body: JSON.stringify({ hello: claims.sub, path: event.rawPath }),
}));
// #endregion example
