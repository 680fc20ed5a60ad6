import { PUBLIC_PARAMETERS, type PublicJwk, pickMembers } from "../../algorithms/jwk-members.js";
import type { Algorithm } from "../../algorithms/table.js";
import { decodeBase64url } from "../../encoding/base64url.js";
import { bitLength, numberOf } from "../../encoding/number-of.js";
import { SignetError } from "../../errors.js";
import type { SignatureCheck } from "../keys.js";

/**
 * Binds a public key. It is read with the first token, since this runtime reads keys only later; its members are checked now.
 *
 * @throws SignetError `invalid_key` or `key_too_weak`
 * @throws (the bound function) SignetError `invalid_key`, or `algorithm_unavailable` where this runtime lacks the algorithm
 */
export function webKeyCheck(jwk: PublicJwk, algorithm: Algorithm): SignatureCheck<Promise<boolean>> {
  const { kty, crv, name, digest, saltLength, signatureBytes } = algorithm;
  const members = pickMembers(jwk, algorithm, PUBLIC_PARAMETERS[kty]);
  const length = signatureBytes ?? Math.ceil(bitLength(numberOf(decodeBase64url(members.n as string) as Uint8Array)) / 8);
  // Reading a key and verifying with it take each what they need of one object (Web Cryptography API, sections 20 to 25; "Secure Curves"
  // and "Modern Algorithms" in the Web Cryptography API).
  const names = { RSA: saltLength ? "RSA-PSS" : "RSASSA-PKCS1-v1_5", EC: "ECDSA", OKP: crv as string, AKP: name };
  const parameters = {
    name: names[kty],
    namedCurve: crv as string,
    hash: `SHA-${digest?.slice(3)}`,
    saltLength: saltLength as number,
  };
  let key: ReturnType<typeof read> | undefined;

  async function read() {
    try {
      return await crypto.subtle.importKey("jwk", members, parameters, false, ["verify"]);
    } catch (cause) {
      if ((cause as Error).name !== "NotSupportedError")
        throw new SignetError("invalid_key", `the JWK is not a valid ${name} key`);
      throw new SignetError("algorithm_unavailable", `${name} is not available in this runtime`, { cause });
    }
  }

  return async (signingInput, signature) => {
    if (signature.length !== length) return false;
    key ??= read();
    return crypto.subtle.verify(parameters, await key, signature as never, new TextEncoder().encode(signingInput));
  };
}
