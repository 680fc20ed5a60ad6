import type { KeyObject } from "node:crypto";
import { publicKeyFromJwk } from "../../src/algorithms/jwk.js";
import { generatePrivateKey } from "../../src/algorithms/keys.js";
import { type LocalSigner, localSigner } from "../../src/algorithms/signature.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { encodeBase64url } from "../../src/encoding/base64url.js";
import { SignetError } from "../../src/errors.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import type { Verifier, VerifierOptions } from "../../src/verify/verifier.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";

/** The instant at which the tests stand still. */
export const NOW = 1_800_000_000;
export const ISSUER = "https://issuer.example";
export const AUDIENCE = "api";

/** A key and what a test does with it. */
export interface TestKey {
  readonly signer: LocalSigner;
  readonly publicKey: KeyObject;
  /** A token of this header and payload: objects are written as JSON, texts and bytes go in as they are. */
  token(header: object | string, payload: object | string | Uint8Array): string;
  /** A good token, with changes. */
  good(claims?: object, header?: object): string;
  readonly header: { readonly alg: string; readonly kid: string; readonly typ: string };
}

async function privateKeyFor(alg: string): Promise<KeyObject> {
  return /^[RP]S/.test(alg) ? rsaPair(2_048).privateKey : generatePrivateKey(algorithmNamed(alg));
}

export async function testKey(alg: string, kid = `key-of-${alg}`): Promise<TestKey> {
  const signer = localSigner({ privateKey: await privateKeyFor(alg), alg, kid });
  const header = { alg, kid, typ: "JWT" };
  const token: TestKey["token"] = (head, payload) => {
    const input = `${part(head)}.${part(payload)}`;
    return `${input}.${encodeBase64url(signer.sign(input))}`;
  };
  const good: TestKey["good"] = (claims, head) => token({ ...header, ...head }, { ...goodClaims, ...claims });
  return { signer, publicKey: publicKeyFromJwk(signer.publicJwk), token, good, header };
}

export const goodClaims = { iss: ISSUER, aud: AUDIENCE, sub: "alice", iat: NOW - 10, nbf: NOW - 10, exp: NOW + 600, jti: "1" };

export function part(content: object | string | Uint8Array): string {
  if (typeof content === "string" || content instanceof Uint8Array) return encodeBase64url(content);
  return encodeBase64url(JSON.stringify(content));
}

export function verifierFor(keys: readonly TestKey[], options: Partial<VerifierOptions> = {}): Verifier {
  const jwks = { keys: keys.map((key) => key.signer.publicJwk) };
  return createVerifier({ keys: jwks, issuer: ISSUER, audience: AUDIENCE, clock: () => NOW, ...options });
}

/** How a verifier answers: "accepted", or the code of its error. Anything but a SignetError is a crash, and thrown on. */
export function answerOf(verifier: Verifier, token: unknown): string {
  try {
    verifier.verify(token as string);
    return "accepted";
  } catch (error) {
    if (error instanceof SignetError) return error.code;
    throw error;
  }
}
