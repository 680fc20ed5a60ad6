import { generateKeyPairSync } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { localSigner } from "../../src/algorithms/signature.js";
import type { Verifier } from "../../src/verify/verifier.js";
import { KNOWN, keys, makeFlawKeys, nested, signature } from "./known-flaws.js";
import { AUDIENCE, answerOf, ISSUER, NOW, verifierFor } from "./tokens.js";

let verifier: Verifier;
beforeAll(async () => {
  verifier = verifierFor(await makeFlawKeys());
});

describe("a flaw that another library had", () => {
  it.each(KNOWN)("%s (%s) is none here", (_cve, _what, tokensOf, code) => {
    const tokens = tokensOf();
    expect(tokens.length).toBeGreaterThan(0);
    for (const token of tokens) expect(answerOf(verifier, token)).toBe(code);
  });

  it("CVE-2019-7644 (Auth0-WCF: the right signature stands in the error) is none here", () => {
    const good = keys.es.good();
    const own = good.split(".")[2] ?? "";
    try {
      verifier.verify(signature((text) => `${text.slice(0, -4)}AAAA`));
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain(own.slice(0, 16));
    }
  });

  it("CVE-2018-15801 (Spring Security: the issuer is not asked for) is none here, unless the option says so", () => {
    expect(answerOf(verifier, keys.es.good({ iss: "https://other.example" }))).toBe("token_issuer_refused");
    expect(() => verifierFor([keys.es], { issuer: undefined as never })).toThrow("issuer");
    expect(answerOf(verifierFor([keys.es], { issuer: null }), keys.es.good({ iss: "https://other.example" }))).toBe("accepted");
  });

  it("deep claims that the issuer itself signed do no harm (CVE-2025-53864)", () => {
    expect(["accepted", "token_malformed"]).toContain(
      answerOf(
        verifier,
        keys.es.token(keys.es.header, nested(5_000).replace("{", `{"iss":"${ISSUER}","aud":"${AUDIENCE}","exp":${NOW + 60},`)),
      ),
    );
  });

  it("a weak key is refused however it comes (CVE-2022-23539, RSA below 2,048 bits)", () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1_024 });
    expect(() => localSigner({ privateKey, alg: "RS256", kid: "w" })).toThrow(/2,?048/);
  });
});
