import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import fc from "fast-check";
import * as shape from "../../world/shapes.js";
import made from "../corpus/keys.json" with { type: "json" };
import { changed, damaged } from "./changes.js";
import { changedDer } from "./der.js";
import { INHERITED, json, name, odd, text } from "./words.js";

const { ec, other, ed, k1, rsa } = Object.fromEntries(
  Object.entries(made.keys).map(([each, pem]) => [each, createPrivateKey(pem)]),
) as Record<keyof typeof made.keys, KeyObject>;
export const keys = { ec, other, ed, k1, rsa };
const all = Object.values(keys);
const PASSPHRASE = made.passphrase;

type Jwk = Record<string, unknown>;
const privateJwk = (key: KeyObject) => key.export({ format: "jwk" }) as Jwk;
const publicJwk = (key: KeyObject) => createPublicKey(key).export({ format: "jwk" }) as Jwk;
const privateDer = (key: KeyObject) => key.export({ format: "der", type: "pkcs8" });
const publicDer = (key: KeyObject) => createPublicKey(key).export({ format: "der", type: "spki" });

/** What no message may hold. */
export const SECRETS: readonly string[] = [
  ...all.map((key) => String(privateJwk(key).d).slice(0, 20)),
  ...Object.values(made.keys).map((pem) => pem.split("\n")[2]?.slice(0, 20) ?? pem),
  PASSPHRASE,
];

// A kid is public, and told: it stands in every token.
const isSecret = (value: unknown) => SECRETS.some((secret) => typeof value === "string" && value.includes(secret));

const forms: readonly Buffer[] = [
  ...all.map(privateDer),
  ...all.map(publicDer),
  ec.export({ format: "der", type: "sec1" }),
  rsa.export({ format: "der", type: "pkcs1" }),
  createPublicKey(rsa).export({ format: "der", type: "pkcs1" }),
  shape.pkcs12(),
  ...[made.texts.certificate, made.texts.request, made.texts.encrypted, shape.pssPem(rsa), shape.pssPublicPem(rsa)].map(derIn),
  derIn(shape.workingFor(Buffer.from("7fffffffff", "hex"))),
];

function derIn(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64");
}

/** DER of every kind, with wrong lengths, tags and parts. */
export const der: fc.Arbitrary<Buffer> = changedDer(fc.constantFrom(...forms));

const labels = fc.constantFrom(
  "PRIVATE KEY",
  "EC PRIVATE KEY",
  "RSA PRIVATE KEY",
  "ENCRYPTED PRIVATE KEY",
  "PUBLIC KEY",
  "CERTIFICATE",
);
const block = fc.oneof(
  fc.constantFrom(...all.map((key) => shape.privatePem(key)), ...all.map((key) => shape.publicPem(key))),
  fc.constantFrom(
    ...Object.values(made.texts),
    shape.privatePem(ec, "sec1"),
    shape.privatePem(rsa, "pkcs1"),
    shape.pssPem(rsa),
    shape.pssPem(rsa, "sha384"),
    shape.pssPem(rsa, "sha1"),
    shape.pem("OPENSSH PRIVATE KEY", Buffer.alloc(99)),
    shape.pem("PGP PRIVATE KEY BLOCK", Buffer.alloc(99)),
    shape.pem("EC PARAMETERS", Buffer.from("06082a8648ce3d030107", "hex")),
  ),
  fc.tuple(labels, der).map(([label, bytes]) => shape.pem(label, bytes)),
);

/** PEM of one block or several, sound or damaged. */
const pem = damaged(
  fc.array(fc.oneof({ weight: 4, arbitrary: block }, text), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("")),
);

/** Members of a JWK that are another key's, of other types, missing, or too many. */
function changedJwk(of: (key: KeyObject) => Jwk): fc.Arbitrary<Jwk> {
  const wrong = fc.oneof(
    text,
    odd,
    fc.constantFrom(...all).map((each) => privateJwk(each).d),
    fc.constant("AA=="),
  );
  return fc.constantFrom(...all).chain((key) => {
    const right = of(key);
    const names = [...Object.keys(right), "kid", "alg", "use", "key_ops", "oth", "x5c", "p", "k"];
    return fc
      .tuple(
        fc.dictionary(fc.constantFrom(...names), fc.oneof(wrong, fc.constant(undefined)), { maxKeys: 2 }),
        fc.constantFrom<Jwk>(
          {},
          { kid: "a", use: "sig" },
          { kid: "b", alg: "ES256" },
          { kid: 7 },
          { alg: "RS256" },
          { alg: null },
        ),
      )
      .map(([changes, more]) => {
        const entries = Object.entries({ ...right, ...more, ...changes });
        return Object.fromEntries(
          entries.filter(([member, each]) => each !== undefined && !(member === "kid" && isSecret(each))),
        );
      });
  });
}

const jwk = changedJwk(privateJwk);

/** A public key set, as strangers publish it. */
export const keySet: fc.Arbitrary<unknown> = changed(
  fc.record({ keys: fc.array(fc.oneof({ weight: 5, arbitrary: changedJwk(publicJwk) }, jwk, json), { maxLength: 4 }) }),
);

/** The bytes of one, as servers answer it: with a byte order mark, cut off, no UTF-8. */
export const keySetBytes: fc.Arbitrary<Buffer> = fc
  .tuple(
    damaged(keySet.map((each) => JSON.stringify(each))),
    fc.constantFrom("", "\ufeff", "\ufeff\ufeff", " ", "[", ")]}',\n"),
    fc.constantFrom("utf8" as const, "utf16le" as const, "latin1" as const),
  )
  .map(([content, before, encoding]) => Buffer.from(before + content, encoding));

const around = fc.constantFrom("keys", "private_key", "private_key_id", "kid", "keyId", "data", "publicKey", "kty", ...INHERITED);
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    jwk,
    pem,
    text,
    odd,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(around, tie("value"), { maxKeys: 3 }),
  ),
})).value;

/** What people and their tools do to a text on its way. */
const wrap = fc.constantFrom<(content: string | Buffer) => string | Buffer>(
  (content) => JSON.stringify(content.toString()),
  (content) => JSON.stringify(content.toString()).slice(1, -1),
  (content) => shape.base64(content),
  (content) => shape.base64(content).replace(/.{76}/g, "$&\r\n"),
  (content) => shape.utf16(content.toString()),
  (content) => shape.utf16(content.toString()).swap16(),
  (content) => Buffer.from(content),
  (content) => `\ufeff${content}`,
  (content) => `'${content}'`,
  (content) => `"${content}"`,
  (content) => content.toString().replaceAll("\n", " "),
  (content) => content.toString().replaceAll("\n", "\\n"),
  (content) => content.toString().replaceAll("\n", "\r\n"),
  (content) => Buffer.from(content.toString(), "base64"),
  (content) => JSON.stringify({ private_key: content.toString(), private_key_id: "1" }),
);

/** What may stand where a key should be. */
export const keyContent: fc.Arbitrary<string | Buffer> = fc
  .tuple(
    fc.oneof(
      pem,
      damaged(value.map((each) => JSON.stringify(each))),
      keySet.map((each) => JSON.stringify(each)),
      der,
    ),
    fc.array(wrap, { maxLength: 3 }),
  )
  .map(([content, wraps]) => wraps.reduce<string | Buffer>((whole, each) => each(whole), content));

/** How a private key is asked for. */
export const keyOptions = fc.record(
  {
    kid: fc.oneof(fc.constantFrom("a", "b"), text),
    member: fc.oneof(fc.constantFrom("private_key", "data"), name),
    passphrase: fc.constantFrom(PASSPHRASE, "", "another", "x".repeat(2_000)),
    alg: fc.constantFrom("ES256" as const, "RS256" as const, "PS256" as const, "EdDSA" as const),
  },
  { requiredKeys: [] },
);

const placeWords = fc.constantFrom(
  "arn:aws:ssm:r:1:parameter",
  "arn:aws:secretsmanager:r:1:secret",
  "arn:aws:kms:r:1:key/",
  "ssm",
  "secret",
  "kms",
  "env",
  "alias/",
  "/",
  ":",
  "-",
);
/** The name of a key's place, or what was pasted instead. */
export const keyPlace: fc.Arbitrary<string> = fc
  .tuple(fc.array(fc.oneof({ weight: 3, arbitrary: placeWords }, text, pem), { maxLength: 5 }), fc.constantFrom("", ":"))
  .map(([parts, between]) => parts.join(between));
