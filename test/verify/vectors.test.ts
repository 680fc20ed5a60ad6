import { describe, expect, it } from "vitest";
import { createVerifier } from "../../src/verify/create-verifier.js";
import type { VerifierOptions } from "../../src/verify/verifier.js";
import { RFC7515, RFC7520, RFC8037, type SignedExample } from "../vectors/vectors.js";
import { answerOf } from "./tokens.js";

const waived = { issuer: null, audience: null, requireKid: false, types: null } as const;
const clock = () => RFC7515.expiresAt - 1;

function answer(
  { alg, key, token }: Pick<SignedExample, "alg" | "key" | "token">,
  options: Partial<VerifierOptions> = {},
): string {
  // The examples with other algorithms are put to a verifier that has keys, so that it is their algorithm that is refused.
  const usable = key !== null && !alg.startsWith("HS") ? { ...key, alg } : { ...fallback, alg: "RS256" };
  const keys = [usable, ...(key?.kty === "oct" ? [{ ...key, alg }] : [])];
  return answerOf(createVerifier({ keys: { keys }, ...waived, clock, ...options }), token);
}

const example = (section: string): SignedExample =>
  [...RFC7515.examples, ...RFC7520.examples].find((each) => each.section === section) as SignedExample;
const fallback = example("A.2").key;

describe("the examples of RFC 7515, appendix A", () => {
  it.each([
    ["A.1", "HMAC", "token_algorithm_refused"],
    ["A.2", "RS256", "accepted"],
    ["A.3", "ES256", "accepted"],
    // Its payload is the word "Payload", signed rightly: a JWS, but no JWT.
    ["A.4", "ES512", "token_malformed"],
    ["A.5", "none", "token_algorithm_refused"],
  ])("%s (%s): %s", (section, _, expected) => {
    expect(answer(example(section))).toBe(expected);
  });

  it("say who issued them and until when", () => {
    const { key, token } = example("A.3");
    const verifier = createVerifier({
      keys: { keys: [key as object as Record<string, unknown>] },
      ...waived,
      issuer: "joe",
      clock,
    });
    expect(verifier.verify(token)).toStrictEqual({
      header: { alg: "ES256" },
      claims: { iss: "joe", exp: RFC7515.expiresAt, "http://example.com/is_root": true },
    });
  });

  it.each(["A.2", "A.3"])("%s has expired since, is from no other issuer, and names no audience and no key", (section) => {
    expect(answer(example(section), { clock: () => RFC7515.expiresAt + 60 })).toBe("token_expired");
    expect(answer(example(section), { issuer: "jane" })).toBe("token_issuer_refused");
    expect(answer(example(section), { audience: "joe" })).toBe("token_audience_refused");
    expect(answer({ ...example(section), key: { ...example(section).key, kid: "k" } }, { requireKid: true })).toBe(
      "token_kid_missing",
    );
  });
});

describe("the examples of RFC 7520, section 4, and RFC 8037, appendix A", () => {
  // What they sign is a sentence, so a verifier of JWTs finds the signature good and the payload no claims.
  it.each([...RFC7520.examples.filter(({ alg }) => alg !== "HS256"), { section: "RFC 8037", ...RFC8037 }])(
    "$section ($alg): rightly signed, but no JWT",
    (signed) => {
      expect(answer(signed)).toBe("token_malformed");
      const altered = signed.token.replace(/\.(.)([^.]*)\./, (_, first, rest) => `.${first === "A" ? "B" : "A"}${rest}.`);
      expect(answer({ ...signed, token: altered })).toBe("token_signature_invalid");
    },
  );

  it("4.4 (HS256) is refused, though its key is in the set", () => {
    expect(answer(example("4.4"))).toBe("token_algorithm_refused");
  });

  it("4.8, a JWS with several signatures, is no compact token", () => {
    expect(answer({ ...example("4.1"), token: JSON.stringify(RFC7520.severalSignatures.serialization) })).toBe("token_malformed");
  });
});
