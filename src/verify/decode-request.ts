import { closedObject, requestChecker } from "../encoding/object-schema.js";

/** The question what a token says, by the keys that stand somewhere. */
export const DECODE_REQUEST = closedObject(["jwksUri", "token"], {
  jwksUri: {
    type: "string",
    title: "the URL of a JWKS, of a host that is on the list",
    description: "The URL of the JWKS (RFC 7517 section 5) with the token's key.",
    minLength: 1,
  },
  token: { type: "string", title: "a text", description: "The token, a JWT in compact form, without Bearer." },
});

const checked = requestChecker(DECODE_REQUEST, '{"jwksUri": "https://.../.well-known/jwks.json", "token": "..."}');

/** @throws SignetError `invalid_request` or `unknown_field`, naming the field */
export function checkDecodeRequest(value: unknown): { readonly jwksUri: string; readonly token: string } {
  return checked(value) as { readonly jwksUri: string; readonly token: string };
}
