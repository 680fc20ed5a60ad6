/**
 * A token, or a private key as DER in base64. Long enough that no name of a key is taken for one: a kid is 43 letters by chance.
 */
export const TOKEN_OR_KEY = /eyJ[\w-]{10,}\.[\w-]{10,}\.|MIG[\w+/]{60,}|"pkcs8"|PRIVATE KEY/;
