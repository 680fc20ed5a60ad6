import { PUBLIC_PARAMETERS, type PublicJwk, pickMembers } from "../../algorithms/jwk-members.js";
import { bitLength } from "../../algorithms/key-strength.js";
import type { Algorithm } from "../../algorithms/table.js";
import { decodeBase64url } from "../../encoding/base64url.js";
import { SignetError } from "../../errors.js";
import type { SignatureCheck } from "../keys.js";

/** What the Web Cryptography API takes of an algorithm: to read a key, and to verify with it. */
interface WebParameters {
  readonly key: object;
  readonly verify: object;
}

/**
 * Binds a public key. It is read with the first token, since this runtime reads keys only later; its members are checked now.
 *
 * @throws SignetError `invalid_key` or `key_too_weak`
 * @throws (the bound function) SignetError `invalid_key`, or `algorithm_unavailable` where this runtime lacks the algorithm
 */
export function webKeyCheck(jwk: PublicJwk, algorithm: Algorithm): SignatureCheck<Promise<boolean>> {
  const members = pickMembers(jwk, algorithm, PUBLIC_PARAMETERS[algorithm.kty]);
  const length = algorithm.signatureBytes ?? Math.ceil(bitLength(decodeBase64url(members.n ?? "") ?? new Uint8Array()) / 8);
  const parameters = parametersOf(algorithm);
  let key: ReturnType<typeof read> | undefined;
  return async (signingInput, signature) => {
    if (signature.length !== length) return false;
    key ??= read(members, algorithm, parameters);
    const { subtle } = globalThis.crypto;
    return subtle.verify(parameters.verify as never, await key, signature as never, new TextEncoder().encode(signingInput));
  };
}

async function read(members: Readonly<Record<string, string>>, { name }: Algorithm, parameters: WebParameters) {
  try {
    return await globalThis.crypto.subtle.importKey("jwk", { ...members }, parameters.key as never, false, ["verify"]);
  } catch (error) {
    if ((error as Error).name !== "NotSupportedError") throw new SignetError("invalid_key", `the JWK is not a valid ${name} key`);
    throw new SignetError("algorithm_unavailable", `${name} is not available in this runtime`, { cause: error });
  }
}

// Web Cryptography API, sections 20 to 25; "Secure Curves" and "Modern Algorithms" in the Web Cryptography API.
function parametersOf({ kty, crv, name, digest, parameters }: Algorithm): WebParameters {
  const hash = `SHA-${digest?.slice(3)}`;
  switch (kty) {
    case "RSA": {
      const saltLength = parameters?.saltLength;
      const scheme = saltLength === undefined ? "RSASSA-PKCS1-v1_5" : "RSA-PSS";
      return { key: { name: scheme, hash }, verify: { name: scheme, ...(saltLength !== undefined && { saltLength }) } };
    }
    case "EC":
      return { key: { name: "ECDSA", namedCurve: crv }, verify: { name: "ECDSA", hash } };
    case "OKP":
      return { key: { name: "Ed25519" }, verify: { name: "Ed25519" } };
    default:
      return { key: { name }, verify: { name } };
  }
}
