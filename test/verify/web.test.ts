import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeBase64url } from "../../src/encoding/base64url.js";
import { decodeBase64url as decodeWithoutBuffer } from "../../src/encoding/base64url-web.js";
import { STATUS_BY_CODE } from "../../src/error-status.js";
import { isSignetError } from "../../src/errors.js";
import { createVerifier as createNodeVerifier } from "../../src/verify/create-verifier.js";
import { STATUS_BY_CODE as statusesOnTheWeb } from "../../src/verify/web/error-status.js";
import { createVerifier } from "../../src/verify/web/index.js";
import { ERROR_GROUPS } from "../../tools/reference/errors.mjs";
import { chance, makeKeys, nearlyRight } from "../../tools/verifier/tokens.mjs";
import { webBuild } from "../../tools/web-bundle.mjs";
import { cases, isInFull } from "../contracts/matrix.js";
import { AUDIENCE, answerOf, ISSUER, NOW, type TestKey, testKey } from "./tokens.js";

const NAMES = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];
const options = { issuer: ISSUER, audience: AUDIENCE, clock: () => NOW };
const keys: TestKey[] = [];
beforeAll(async () => {
  for (const name of NAMES) keys.push(await testKey(name));
});

async function webAnswer(verifier: { verify(token: string): Promise<unknown> }, token: unknown): Promise<string> {
  try {
    await verifier.verify(token as string);
    return "accepted";
  } catch (error) {
    if (isSignetError(error)) return error.code;
    throw error;
  }
}

describe("base64url without Buffer", () => {
  it("is decoded as Node's Buffer decodes it, and no other spelling is", () => {
    const letters = fc.constantFrom(..."ABCZabz019-_+/= \n\u0141é");
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: letters }),
          fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("base64url")),
        ),
        (text) => {
          const [ours, theirs] = [decodeWithoutBuffer(text), decodeBase64url(text)];
          expect(ours && [...ours]).toStrictEqual(theirs && [...theirs]);
        },
      ),
      { numRuns: cases(1_000) },
    );
  });
});

describe("an error on the web", () => {
  it("has the status that it has in Node, whichever of the codes that the bundle holds it has", async () => {
    const root = fileURLToPath(new URL("../../", import.meta.url));
    const { outputFiles } = await build({ ...webBuild(root), write: false, outdir: "dist" });
    const held = ERROR_GROUPS.flatMap(({ codes }) => Object.keys(codes)).filter((code) =>
      outputFiles[0]?.text.includes(`"${code}"`),
    );
    expect(held).toEqual(
      expect.arrayContaining(["token_expired", "jwks_unavailable", "invalid_json", "config_invalid", "internal"]),
    );
    const statuses = (table: Partial<Record<string, number>>) => held.map((code) => [code, table[code]]);
    expect(statuses(statusesOnTheWeb)).toStrictEqual(statuses(STATUS_BY_CODE));
  });
});

// In full by `npm run proof:verifier`.
const TOKENS = isInFull ? 1_500 : 400;

describe("the verifier on the Web Cryptography API", () => {
  it.each(NAMES)("accepts good %s tokens, and none that was changed", async (name) => {
    const verifier = createVerifier({ keys: { keys: keys.map(({ signer }) => signer.publicJwk) }, ...options });
    const key = keys.find(({ header }) => header.alg === name) as TestKey;
    const token = key.good();
    expect((await verifier.verify(token)).claims).toMatchObject({ sub: "alice" });
    const [header, payload, signature = ""] = token.split(".");
    const changed = `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
    expect(await webAnswer(verifier, `${header}.${payload}.${changed}`)).toBe("token_signature_invalid");
  });

  it("says the same of tokens that are nearly right as Node's does, word for word", async () => {
    const random = chance(20_261_124);
    const made = makeKeys();
    const jwks = { keys: made.map(({ jwk }) => jwk) };
    const verifier = createVerifier({ keys: jwks, ...options });
    const inNode = createNodeVerifier({ keys: jwks, ...options });
    const seen = new Map<string, number>();
    for (let count = 0; count < TOKENS; count++) {
      const { token } = nearlyRight(made, random, NOW);
      const answer = answerOf(inNode, token);
      expect(await webAnswer(verifier, token)).toBe(answer);
      seen.set(answer, (seen.get(answer) ?? 0) + 1);
    }
    expect(seen.size).toBeGreaterThan(10);
  });

  it("refuses keys that are weak or damaged, now or with the first token", async () => {
    const weak = generateKeyPairSync("rsa", { modulusLength: 1_024 }).publicKey.export({ format: "jwk" });
    expect(() => createVerifier({ keys: { keys: [{ ...weak, alg: "RS256", kid: "w" }] }, ...options })).toThrow(
      /2048 are required/,
    );
    const [, , , , , , es] = keys;
    const jwk = es?.signer.publicJwk;
    const off = createVerifier({ keys: { keys: [{ ...jwk, x: jwk?.y }] }, ...options });
    expect(await webAnswer(off, es?.good())).toBe("invalid_key");
    const later = createVerifier({ keys: { keys: [{ kty: "AKP", alg: "ML-DSA-44", kid: "m", pub: "AA" }] }, ...options });
    expect(["algorithm_unavailable", "invalid_key", "token_algorithm_refused"]).toContain(
      await webAnswer(later, es?.good({}, { kid: "m" })),
    );
  });

  it("finds and follows an issuer's keys", async () => {
    const [key] = keys as [TestKey];
    const server = createServer((_, outgoing) => outgoing.end(JSON.stringify({ keys: [key.signer.publicJwk] })));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const verifier = createVerifier({ ...options, issuer, jwksUrl: `${issuer}/keys` });
    await verifier.ready();
    expect((await verifier.verify(key.good({ iss: issuer }))).claims.iss).toBe(issuer);
    expect(await webAnswer(verifier, key.good({ iss: issuer }, { kid: "other" }))).toBe("token_key_unknown");
    server.close();
  });
});
