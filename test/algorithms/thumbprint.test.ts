import { calculateJwkThumbprint } from "jose";
import { describe, expect, it } from "vitest";
import { publicJwk, thumbprint } from "../../src/algorithms/jwk.js";
import { generatePrivateKey } from "../../src/algorithms/keys.js";
import { algorithmNamed } from "../../src/algorithms/table.js";

describe("the thumbprint", () => {
  it.each(["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"])(
    "of a %s key is the one that jose computes",
    async (name) => {
      const jwk = publicJwk(await generatePrivateKey(algorithmNamed(name)), algorithmNamed(name));
      expect(jwk.kid).toBe(await calculateJwkThumbprint({ ...jwk }));
      expect(thumbprint(jwk)).toBe(jwk.kid);
    },
  );
});
