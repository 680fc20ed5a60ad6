/** Verifies the tokens of an issuer that is known by its URL alone. */

// #region example
import { createVerifier, isTokenRefusal } from "signet-jwt/verify";

// Finds the keys by discovery and follows them: fetched again in the background, dropped when they leave the JWKS.
const verifier = createVerifier({ issuer: "https://issuer.example", audience: "my-api", scopes: ["read"] });

export async function whoAsks(authorization: string): Promise<string | undefined> {
  try {
    // What a request carries may be of the type at+jwt; an ID token never is.
    const { claims } = await verifier.verify(authorization.replace(/^Bearer /i, ""), "access");
    return claims.sub;
  } catch (error) {
    if (isTokenRefusal(error)) return undefined;
    throw error;
  }
}
// #endregion example
