import { describe, expect, it } from "vitest";
import { privateKeyFromJwk, publicKeyFromJwk, thumbprint } from "../../src/algorithms/jwk.js";
import { localSigner, signatureChecker } from "../../src/algorithms/signature.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { encodeBase64url } from "../../src/encoding/base64url.js";
import { HAS_ML_DSA } from "../contracts/ml-dsa.js";
import { RFC7515, RFC7520, RFC7638, RFC8037, RFC9964, type VectorJwk } from "../vectors/vectors.js";

function halves(token: string): [string, string] {
  const dot = token.lastIndexOf(".");
  return [token.slice(0, dot), token.slice(dot + 1)];
}

function publicKey(key: VectorJwk, alg: string): ReturnType<typeof publicKeyFromJwk> {
  return publicKeyFromJwk({ ...key, alg } as never);
}

function flipped(bytes: Buffer): Buffer {
  const other = Buffer.from(bytes);
  other[other.length >> 1] = (other[other.length >> 1] as number) ^ 1;
  return other;
}

const signed = [
  ...RFC7515.examples.map((example) => ({ rfc: "RFC 7515", ...example })),
  ...RFC7520.examples.map((example) => ({ rfc: "RFC 7520", ...example })),
  { rfc: "RFC 8037", section: "A.4", alg: RFC8037.alg, key: RFC8037.key, token: RFC8037.token },
].filter(({ alg }) => alg !== "none" && !alg.startsWith("HS"));

describe("the signatures of the RFCs", () => {
  it("are all there", () => {
    expect(signed.map(({ rfc, section, alg }) => `${rfc} ${section} ${alg}`)).toStrictEqual([
      "RFC 7515 A.2 RS256",
      "RFC 7515 A.3 ES256",
      "RFC 7515 A.4 ES512",
      "RFC 7520 4.1 RS256",
      "RFC 7520 4.2 PS384",
      "RFC 7520 4.3 ES512",
      "RFC 8037 A.4 EdDSA",
    ]);
  });

  it.each(signed)("of $rfc $section ($alg) are confirmed, and only these", ({ alg, key, token }) => {
    const [input, signature] = halves(token);
    const check = signatureChecker(algorithmNamed(alg), publicKey(key as VectorJwk, alg));
    const bytes = Buffer.from(signature, "base64url");
    expect(check(input, bytes)).toBe(true);
    expect(check(input, flipped(bytes))).toBe(false);
    expect(check(`${input}A`, bytes)).toBe(false);
  });

  it.each(signed.filter(({ alg }) => alg.startsWith("RS") || alg === "EdDSA"))(
    "of $rfc $section ($alg) are made again, byte for byte",
    ({ alg, key, token }) => {
      const [input, signature] = halves(token);
      const signer = localSigner({ privateKey: privateKeyFromJwk(key as VectorJwk, algorithmNamed(alg)), alg });
      expect(encodeBase64url(signer.sign(input))).toBe(signature);
    },
  );

  it.each(signed)("of $rfc $section ($alg): its key signs what its public part confirms", ({ alg, key }) => {
    const algorithm = algorithmNamed(alg);
    const signer = localSigner({ privateKey: privateKeyFromJwk(key as VectorJwk, algorithm), alg });
    expect(signatureChecker(algorithm, publicKeyFromJwk(signer.publicJwk))("a.b", signer.sign("a.b"))).toBe(true);
  });

  it.each(RFC9964.examples)("of RFC 9964 ($alg) are confirmed where Node can, and nowhere believed", ({ alg, key, token }) => {
    const [input, signature] = halves(token);
    const check = (): ((text: string) => boolean) => {
      const isSigned = signatureChecker(algorithmNamed(alg), publicKey(key, alg));
      return (text) => isSigned(text, Buffer.from(signature, "base64url"));
    };
    if (!HAS_ML_DSA) {
      expect(check).toThrow(expect.objectContaining({ code: "algorithm_unavailable" }));
      return;
    }
    expect(check()(input)).toBe(true);
    expect(check()(`${input}A`)).toBe(false);
  });
});

describe("the thumbprints of the RFCs", () => {
  it("are ours: RFC 7638 section 3.1, RSA", () => {
    expect(thumbprint(RFC7638.key as never)).toBe(RFC7638.thumbprint);
  });

  it("are ours: RFC 8037 appendix A.3, Ed25519", () => {
    expect(thumbprint(RFC8037.key as never)).toBe(RFC8037.thumbprint);
  });

  it.each(RFC9964.examples)("are ours: RFC 9964 appendix A, $alg", ({ key, thumbprint: expected }) => {
    expect(thumbprint(key as never)).toBe(expected);
  });
});
