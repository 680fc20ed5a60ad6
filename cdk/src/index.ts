export { type CallerLimits, JwtIssuer, type JwtIssuerProps, type KeyCustodian, type TokensProps } from "./jwt-issuer.js";
