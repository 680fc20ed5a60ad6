import { createPublicKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { publicJwk } from "../../src/algorithms/jwk.js";
import { signatureChecker } from "../../src/algorithms/signature.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { webKeyCheck } from "../../src/verify/web/key-check.js";
import { isEvery } from "../contracts/matrix.js";
import { WYCHEPROOF } from "../vectors/vectors.js";

const ALGORITHMS = ["ES256", "ES384", "ES512", "EdDSA", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const bytes = (text: string): Buffer => Buffer.from(text, "base64url");

describe("Project Wycheproof's signatures", () => {
  it.each(ALGORITHMS)("are judged rightly (%s), by Node and by the Web Cryptography API", async (name) => {
    const algorithm = algorithmNamed(name);
    const groups = WYCHEPROOF[name] ?? [];
    const wrong: string[] = [];
    let [valid, invalid, web] = [0, 0, 0];
    for (const { spki, tests } of groups) {
      const key = createPublicKey({ key: bytes(spki), format: "der", type: "spki" });
      const check = signatureChecker(algorithm, key);
      const checkWeb = webKeyCheck(publicJwk(key, algorithm, "w"), algorithm);
      for (const [id, result, message, signature] of tests) {
        // What is signed in a JWS is ASCII; here it may be any bytes, which this text stands for one by one.
        const text = bytes(message).toString("latin1");
        const answer = check(text, bytes(signature));
        const isRight = result === "acceptable" || answer === (result === "valid");
        if (!isRight) wrong.push(`${id} is ${result}`);
        if (result === "valid") valid += 1;
        else invalid += 1;
        if ((!isEvery && (valid + invalid) % 3 > 0) || bytes(message).some((byte) => byte > 0x7f)) continue;
        web += 1;
        if ((await checkWeb(text, bytes(signature))) !== answer) wrong.push(`${id} differs on the web`);
      }
    }
    expect(wrong).toStrictEqual([]);
    expect(Math.min(valid, invalid, web)).toBeGreaterThan(5);
  });
});
