import fc from "fast-check";
import { createLocalJWKSet, errors, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { createVerifier } from "../../src/verify/create-verifier.js";
import type { Verifier } from "../../src/verify/verifier.js";
import { cases } from "../contracts/matrix.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { AUDIENCE, answerOf, goodClaims, ISSUER, NOW, type TestKey, testKey, verifierFor } from "./tokens.js";

const NAMES = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"] as const;
const keys: TestKey[] = [];
let verifier: Verifier;
let jwks: ReturnType<typeof createLocalJWKSet>;
beforeAll(async () => {
  for (const name of NAMES) keys.push(await testKey(name));
  verifier = verifierFor(keys);
  jwks = createLocalJWKSet({ keys: keys.map((key) => ({ ...key.signer.publicJwk })) });
});

/** What jose says to a token, under the rules that our verifier has here. */
async function joseAnswer(token: string): Promise<unknown> {
  try {
    const options = {
      issuer: ISSUER,
      audience: AUDIENCE,
      clockTolerance: 60,
      currentDate: new Date(NOW * 1_000),
      requiredClaims: ["exp"],
    };
    return (await jwtVerify(token, jwks, options)).payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return error.code;
    throw error;
  }
}

/** jose reads by JSON.parse, which on Node 24 and 26 misreads names with an escape (`encoding/json-names.ts`). */
function plainlyNamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainlyNamed);
  if (typeof value !== "object" || value === null) return value;
  const plain = (name: string) => JSON.stringify(name).replace(/[\\"]/g, "");
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [plain(name), plainlyNamed(each)]));
}

/** Mostly what is wanted, sometimes anything else. */
function mostly<T>(...wanted: [T, ...T[]]): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...wanted) }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) });
}

const claims = fc.record(
  {
    iss: mostly(ISSUER),
    aud: mostly<unknown>(AUDIENCE, [AUDIENCE], ["x", AUDIENCE]),
    exp: mostly(NOW - 60, NOW - 59.5, NOW, NOW + 0.5, 1e300),
    nbf: mostly(0, -1.5, NOW + 59.5, NOW + 60, NOW + 61),
    iat: mostly(0, NOW, NOW + 60, NOW + 61),
    more: fc.jsonValue().map(plainlyNamed),
  },
  { requiredKeys: ["iss", "aud", "exp"] },
);
const header = fc.oneof(
  { weight: 4, arbitrary: fc.record({ typ: fc.constantFrom("JWT", "jwt", "at+jwt"), cty: fc.string() }, { requiredKeys: [] }) },
  { weight: 1, arbitrary: fc.record({ crit: fc.constantFrom(["exp"], []), b64: fc.boolean() }) },
);

describe("jose, another library,", () => {
  it("accepts what we accept, and reads the same claims", async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: NAMES.length - 1 }), header, claims, async (index, more, payload) => {
        const key = keys[index] as TestKey;
        const token = key.token({ ...more, alg: key.header.alg, kid: key.header.kid }, payload);
        if (answerOf(verifier, token) !== "accepted") return;
        accepted++;
        expect(await joseAnswer(token)).toStrictEqual(verifier.verify(token).claims);
      }),
      { numRuns: cases(200) },
    );
    // Most of the claims above are near what is wanted; were none accepted, nothing would have been compared.
    expect(accepted).toBeGreaterThan(cases(30) / 4);
  });

  it("refuses what we refuse of a token that was altered", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: NAMES.length - 1 }), fc.nat(), fc.nat({ max: 63 }), async (index, at, turn) => {
        const token = (keys[index] as TestKey).good();
        const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        const where = at % token.length;
        const altered = token.slice(0, where) + alphabet[turn] + token.slice(where + 1);
        if (altered === token) return;
        expect(answerOf(verifier, altered)).not.toBe("accepted");
        // Where jose is content, it took another spelling of the same bytes.
        const answer = await joseAnswer(altered);
        if (typeof answer === "object")
          expect(Buffer.from(tail(altered), "base64url")).toStrictEqual(Buffer.from(tail(token), "base64url"));
      }),
      { numRuns: cases(200) },
    );
  });

  it.each(NAMES)("signs %s tokens that we accept", async (alg) => {
    const { privateKey, publicKey } = /^[RP]S/.test(alg) ? rsaPair(2_048) : await generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), alg, kid: "theirs" };
    const token = await new SignJWT({ ...goodClaims }).setProtectedHeader({ alg, kid: "theirs", typ: "JWT" }).sign(privateKey);
    const theirs = createVerifier({ keys: { keys: [{ ...jwk }] }, issuer: ISSUER, audience: AUDIENCE, clock: () => NOW });
    expect(theirs.verify(token).claims).toStrictEqual(goodClaims);
  });

  it.each(NAMES)("accepts our %s tokens", async (alg) => {
    const key = keys[NAMES.indexOf(alg)] as TestKey;
    expect(await joseAnswer(key.good())).toStrictEqual(goodClaims);
  });
});

function tail(token: string): string {
  return token.slice(token.lastIndexOf(".") + 1);
}
