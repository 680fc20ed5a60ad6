import { calculateJwkThumbprint } from "jose";
import { describe, expect, it } from "vitest";
import { publicJwk, thumbprint } from "../../src/algorithms/jwk.js";
import { generatePrivateKey } from "../../src/algorithms/keys.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";

describe("the thumbprint", () => {
  it.each(["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"])(
    "of a %s key is the one that jose computes",
    async (name) => {
      const algorithm = algorithmNamed(name);
      const key = algorithm.kty === "RSA" ? rsaPair(2_048).privateKey : await generatePrivateKey(algorithm);
      const jwk = publicJwk(key, algorithm);
      expect(jwk.kid).toBe(await calculateJwkThumbprint({ ...jwk }));
      expect(thumbprint(jwk)).toBe(jwk.kid);
    },
  );
});
