/** A key that somebody writes into a JWKS (its x is of RFC 8037 appendix A.2). */
export const PLANTED = {
  kty: "OKP",
  use: "sig",
  alg: "EdDSA",
  kid: "planted",
  crv: "Ed25519",
  x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
};
