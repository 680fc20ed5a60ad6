/** Verifies the access tokens of an Amazon Cognito user pool: they have no `aud`, but the `client_id` of an app. */
// #region example
import { bearerGuard, createVerifier } from "signet-jwt/verify";

const verifier = createVerifier({
  issuer: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI",
  audience: null,
  clientIds: ["5bsjlins3936h9gvpi0c24ah5b"],
  claims: { token_use: "access" },
});

export const guard = bearerGuard(verifier, { scopes: ["orders/read"] });
// #endregion example
