import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePrivateKeyText } from "../../src/algorithms/private-key-text.js";
import { parsePublicKeyText } from "../../src/algorithms/public-key-text.js";
import { isSignetError } from "../../src/errors.js";
import { parseKeyPlace } from "../../src/operator/key-places.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import * as shape from "../world/shapes.js";

/** `npm run proof:fuzz` asks for many more. */
const RUNS = { numRuns: Number(process.env.SIGNET_FUZZ_RUNS) || 60 };

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const ed = generateKeyPairSync("ed25519").privateKey;
const k1 = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey;
const rsa = rsaPair(2_048).privateKey;
const keys = [ec, ed, k1, rsa];
const jwkOf = (key: KeyObject): Record<string, unknown> => key.export({ format: "jwk" }) as Record<string, unknown>;
/** What no error may hold. */
const secrets = keys.map((key) => String(jwkOf(key).d));

/** Every text that a key's text is made of. */
const blocks = fc.constantFrom(
  ...keys.map((key) => shape.privatePem(key)),
  ...keys.map((key) => createPublicKey(key).export({ format: "pem", type: "spki" }).toString()),
  shape.privatePem(ec, "sec1"),
  shape.privatePem(rsa, "pkcs1"),
  shape.pssPem(rsa, "sha384"),
  shape.certificate(ec),
  shape.certificateRequest(ec),
  shape.encryptedPem(ec, "open"),
  shape.workingFor(Buffer.from("7fffffffff", "hex")),
  shape.pem("OPENSSH PRIVATE KEY", Buffer.alloc(99)),
  shape.pem("EC PARAMETERS", Buffer.from("06082a8648ce3d030107", "hex")),
);
const marks = fc.constantFrom(
  "-----BEGIN PRIVATE KEY-----",
  "-----END PRIVATE KEY-----",
  "-----BEGIN ",
  "-----",
  "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n",
  "\\n",
  "\\\\",
  "\\u002b",
  "\n",
  '"',
  "'",
  "{",
  "[",
  "\ufeff",
  "\u0000",
  "MIIB",
);
const text = fc.oneof(fc.constantFrom("", "a", "__proto__", "toString", "\ud800", "sig", "sign", "A".repeat(60)), fc.string());
const pem = fc.array(fc.oneof({ weight: 3, arbitrary: blocks }, { weight: 2, arbitrary: marks }, text), { maxLength: 5 });
const pemText = pem.map((parts) => parts.join(""));

/** A JWK with some members that are another key's, missing, or anything. */
const jwk = fc.constantFrom(...keys).chain((key) => {
  const right = jwkOf(key);
  const wrong = fc.oneof(
    text,
    fc.constantFrom(null, 7, {}, [], { toString: false }, ["sign"]),
    fc.constantFrom(...keys).map((each) => jwkOf(each).d),
  );
  const names = [...Object.keys(right), "kid", "alg", "use", "key_ops", "oth"];
  return fc
    .dictionary(fc.constantFrom(...names), fc.oneof(wrong, fc.constant(undefined)), { maxKeys: 2 })
    .map((changes) => ({ ...right, ...changes }));
});
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    jwk,
    pemText,
    text,
    fc.constantFrom(null, 1, { toString: false }),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom("keys", "private_key", "kid", "keyId", "data", "__proto__", "kty", "constructor"),
      tie("value"),
      { maxKeys: 3 },
    ),
  ),
})).value;

/** What people and their tools do to a text on its way. */
const wrap = fc.constantFrom<(content: string | Buffer) => string | Buffer>(
  (content) => content,
  (content) => JSON.stringify(content.toString()),
  (content) => JSON.stringify(content.toString()).slice(1, -1),
  (content) => shape.base64(content),
  (content) => shape.utf16(content.toString()),
  (content) => shape.utf16(content.toString()).swap16(),
  (content) => Buffer.from(content),
  (content) => `'${content}'`,
  (content) => content.toString().replaceAll("\n", " "),
  (content) => content.toString().replaceAll("\n", "\r\n"),
  (content) => content.slice(0, Math.floor(content.length / 2)),
  (content) => Buffer.from(content.toString(), "base64"),
);
const content = fc
  .tuple(
    fc.oneof(
      pemText,
      value.map((each) => JSON.stringify(each) ?? ""),
    ),
    fc.array(wrap, { maxLength: 3 }),
  )
  .map(([made, wraps]) => wraps.reduce<string | Buffer>((whole, each) => each(whole), made));
const options = fc.record(
  {
    kid: text,
    member: fc.constantFrom("private_key", "data", "__proto__", "toString"),
    passphrase: fc.constantFrom("open", "", "x".repeat(2_000)),
    alg: fc.constantFrom("ES256" as const, "RS256" as const, "PS256" as const, "EdDSA" as const),
  },
  { requiredKeys: [] },
);

/** What failed once stays here. */
const CORPUS: readonly [string | Buffer, object][] = [
  ["-----BEGIN PRIVATE KEY-----", {}],
  ["{", {}],
  ["\ufeff", {}],
  ['{"keys":[{"kty":"RSA","n":"AA","e":"AA","d":"AA"}]}', {}],
  [Buffer.from("3080020103308006", "hex"), {}],
  [Buffer.alloc(3, 0xff), {}],
];

function ours(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(isSignetError(error), String((error as Error)?.stack)).toBe(true);
    const { message } = error as Error;
    expect(message.length).toBeLessThan(2_000);
    for (const secret of secrets) expect(message).not.toContain(secret.slice(0, 20));
    expect(message).not.toMatch(/[\w+/]{50}/);
  }
}

describe("whatever stands where a key should be, nothing but our own errors comes of it, and no key in them:", () => {
  it("as a private key", () => {
    const property = fc.property(content, options, (given, how) => ours(() => parsePrivateKeyText(given, how)));
    fc.assert(property, { ...RUNS, examples: CORPUS as [string | Buffer, object][] });
  });

  it("as a public key", () => {
    fc.assert(
      fc.property(content, (given) => ours(() => parsePublicKeyText(given))),
      { ...RUNS, examples: CORPUS.map(([given]) => [given]) },
    );
  });

  it("as bytes that were damaged on their way", () => {
    const forms = keys.flatMap((key) => [
      key.export({ format: "der", type: "pkcs8" }),
      createPublicKey(key).export({ format: "der", type: "spki" }),
    ]);
    const damage = fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 3 });
    fc.assert(
      fc.property(fc.constantFrom(...forms, shape.pkcs12()), damage, fc.nat(2_000), (form, changes, length) => {
        const bytes = Buffer.from(form).subarray(0, Math.max(length, 40));
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        ours(() => parsePrivateKeyText(bytes));
        ours(() => parsePublicKeyText(bytes));
        ours(() => parsePrivateKeyText(shape.pem("PRIVATE KEY", bytes)));
      }),
      RUNS,
    );
  });

  it("as the name of its place", () => {
    const part = fc.constantFrom(
      "arn:aws:ssm:r:1:parameter",
      "arn:aws:secretsmanager:r:1:secret",
      "ssm",
      "secret",
      "kms",
      "env",
      "alias/",
      "/",
      ":",
      "-",
    );
    const place = fc.array(fc.oneof(part, text, pemText), { maxLength: 5 });
    fc.assert(
      fc.property(place, fc.constantFrom("", ":"), (parts, between) => ours(() => parseKeyPlace(parts.join(between)))),
      RUNS,
    );
  });
});
