import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { localSigner } from "../../src/algorithms/signature.js";
import type { AlgorithmName } from "../../src/algorithms/table.js";
import { createIssuer } from "../../src/issue/issuer.js";
import { verificationKeys } from "../../src/operator/verification-keys.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import { createVerifier as createWebVerifier } from "../../src/verify/web/index.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import * as shape from "./shapes.js";

const { publicPem } = shape;
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const rsa = rsaPair(2_048).privateKey;
const k1 = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey;
const jwkOf = (key: KeyObject, more: object = {}) =>
  JSON.stringify({ ...createPublicKey(key).export({ format: "jwk" }), ...more });
const tokenOf = (privateKey: KeyObject, alg: AlgorithmName) =>
  createIssuer({ signer: localSigner({ privateKey, alg, kid: "any" }) }).issueSync({ claims: { sub: "alice" } }).token;

const scratch = scratchDirectories();
let cwd: string;
let count = 0;
beforeAll(async () => {
  cwd = await scratch();
});

/** What `signet verify TOKEN --pem FILE` does. */
async function verify(content: string | Buffer, token: string): Promise<unknown> {
  const file = `p${++count}`;
  await writeFile(join(cwd, file), content);
  const open = () => Promise.reject(new Error("this folder is not asked"));
  const { keys } = await verificationKeys({ cwd, env: {}, self: "signet" }, token, { pem: file }, open);
  const options = { keys, issuer: null, audience: null };
  // The edge's verifier is given the same keys, and judges as this one does.
  const onTheWeb = await createWebVerifier(options)
    .verify(token)
    .catch((error: Error & { code: string }) => error.code);
  const here = await Promise.resolve(options)
    .then((given) => createVerifier(given).verify(token))
    .catch((error: Error & { code: string }) => error);
  expect(onTheWeb).toStrictEqual(here instanceof Error ? here.code : here);
  if (here instanceof Error) throw here;
  return here.claims.sub;
}

const tokens = {
  ES256: tokenOf(ec, "ES256"),
  RS256: tokenOf(rsa, "RS256"),
  PS256: tokenOf(rsa, "PS256"),
  PS384: tokenOf(rsa, "PS384"),
};

const READ: [what: string, content: string | Buffer, alg?: keyof typeof tokens][] = [
  ["a PEM", publicPem(ec)],
  ["a PEM of PKCS#1", createPublicKey(rsa).export({ format: "pem", type: "pkcs1" }).toString(), "RS256"],
  ["a PEM in base64, as our stack's output PublicKeyPEMBase64 is", shape.base64(publicPem(ec))],
  ["a PEM in one line", publicPem(ec).replaceAll("\n", " ")],
  ["a PEM with escaped newlines", JSON.stringify(publicPem(ec))],
  ["a PEM in UTF-16", shape.utf16(publicPem(ec))],
  ["DER", createPublicKey(ec).export({ format: "der", type: "spki" })],
  ["DER in base64, as Keycloak shows it", shape.base64(createPublicKey(ec).export({ format: "der", type: "spki" }))],
  ["a certificate", shape.certificate(ec)],
  ["a chain of certificates, the own one first", shape.certificate(ec) + shape.certificate(k1)],
  ["both halves", publicPem(ec) + shape.privatePem(ec)],
  ["a private key", shape.privatePem(ec)],
  ["a JWK", jwkOf(ec)],
  ["a JWK with its algorithm", jwkOf(rsa, { alg: "PS256", use: "sig" }), "PS256"],
  ["a set of one", JSON.stringify({ keys: [JSON.parse(jwkOf(ec))] })],
  ["an RSA-PSS key", shape.pssPublicPem(rsa), "PS256"],
  ["the private key of RSA-PSS", shape.pssPem(rsa), "PS384"],
  ["an RSA-PSS key that is restricted to a digest", shape.pssPublicPem(rsa, "sha384"), "PS384"],
];

describe("a public key behind --pem verifies as people have it:", () => {
  it.each(READ)("%s", async (_what, content, alg = "ES256") => {
    expect(await verify(content, tokens[alg])).toBe("alice");
  });

  it.each([
    ["a JWK of another algorithm", jwkOf(rsa, { alg: "PS512" })],
    ["an RSA-PSS key, where PKCS#1 v1.5 has signed", shape.pssPublicPem(rsa)],
    ["a private RSA-PSS key, where PKCS#1 v1.5 has signed", shape.pssPem(rsa)],
    ["an RSA-PSS key that is restricted to another digest", shape.pssPem(rsa, "sha384"), "PS256"],
  ] as [string, string, keyof typeof tokens | undefined][])(
    "but none that %s excludes",
    async (_what, content, alg = "RS256") => {
      await expect(verify(content, tokens[alg])).rejects.toMatchObject({ code: expect.stringMatching(/^token_/) });
    },
  );
});

describe("what is no public key says what it is:", () => {
  it.each([
    ["nothing", "", "is empty"],
    ["any text", "hello", "neither a PEM nor a JWK"],
    ["a request for a certificate", shape.certificateRequest(ec), "certificate signing request"],
    ["a P-256K key", publicPem(k1), "secp256k1 (P-256K, for ES256K)"],
    ["an OpenSSH key", `ecdsa-sha2-nistp256 ${"A".repeat(140)} me`, "ssh-keygen -e -m PKCS8"],
    ["a PKCS#12 file", shape.pkcs12(), "PKCS#12"],
    ["a list of keys", JSON.stringify({ keys: [JSON.parse(jwkOf(ec)), JSON.parse(jwkOf(rsa))] }), "--jwks"],
    ["a key for encryption", jwkOf(rsa, { use: "enc" }), '"use" is not "sig"'],
    ["an encrypted private key", shape.encryptedPem(ec, "open"), "openssl pkey -in FILE -pubout"],
    ["base64 with padding in a JWK", jwkOf(ec, { x: `${createPublicKey(ec).export({ format: "jwk" }).x}=` }), "tr -d '='"],
    ["a text that is cut off", publicPem(ec).slice(0, 80), "is cut off"],
  ])("%s", async (_what, content, words) => {
    await expect(verify(content, tokens.ES256)).rejects.toMatchObject({
      code: "invalid_key",
      message: expect.stringMatching(/^--pem/),
    });
    await expect(verify(content, tokens.ES256)).rejects.toMatchObject({ message: expect.stringContaining(words) });
  });
});
