export { type CallerLimits, JwtIssuer, type JwtIssuerProps, type KeyCustodian } from "./jwt-issuer.js";
