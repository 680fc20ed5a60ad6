import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { localSigner } from "../../src/algorithms/signature.js";
import { createIssuer } from "../../src/issue/issuer.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import { verifierWithoutKid } from "../../src/verify/unnamed-keys.js";

const signers = (["ES256", "ES256", "EdDSA"] as const).map((alg, at) => {
  const { privateKey } = alg === "EdDSA" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return localSigner({ privateKey, alg, kid: `k-${at}` });
});
const broken = { kty: "EC", crv: "P-256", alg: "ES256", use: "sig", kid: "broken", x: "AA", y: "AA" };
const keys = { keys: [broken, ...signers.map(({ publicJwk }) => publicJwk)] };
const options = { keys, issuer: null, audience: null };
const tokenOf = (at: number, tokens = {}) =>
  createIssuer({ signer: signers[at] as never, tokens }).issueSync({ claims: { sub: `${at}` }, ttl: 60 }).token;

describe("a verifier of tokens that may name no key", () => {
  const verifier = verifierWithoutKid(options);

  it.each([0, 1, 2])("finds out by the signature which of several keys it was (%i)", (at) => {
    const token = tokenOf(at, { kid: false });
    expect(() => createVerifier(options).verify(token)).toThrow(expect.objectContaining({ code: "token_kid_missing" }));
    expect(verifier.verify(token).claims.sub).toBe(`${at}`);
    expect(verifier.verify(tokenOf(at)).header.kid).toBe(`k-${at}`);
  });

  it("refuses what none of them has signed, and what is refused anyway", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const stranger = localSigner({ privateKey, alg: "ES256", kid: "k-1" });
    const forged = (tokens: object) => createIssuer({ signer: stranger, tokens }).issueSync({ claims: {}, ttl: 60 }).token;
    for (const token of [forged({ kid: false }), forged({})])
      expect(() => verifier.verify(token)).toThrow(expect.objectContaining({ code: "token_signature_invalid" }));
    const strict = verifierWithoutKid({ ...options, issuer: "https://issuer.example" });
    expect(() => strict.verify(tokenOf(1, { kid: false }))).toThrow(expect.objectContaining({ code: "token_issuer_refused" }));
    expect(() => verifier.verify(tokenOf(1, { kid: false, exp: false }))).toThrow(
      expect.objectContaining({ code: "token_expiration_missing" }),
    );
    expect(() => verifierWithoutKid({ ...options, keys: { keys: [broken] } })).toThrow();
  });
});
