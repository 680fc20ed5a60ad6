import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { thumbprint } from "../../src/algorithms/jwk.js";
import { findKey, type KeySourceOptions } from "../../src/operator/key-source.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";
import * as shape from "./shapes.js";

const { privatePem, publicPem } = shape;
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const explicit = generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" }).privateKey;
const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const rsa = rsaPair(2_048).privateKey;
const k1 = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey;
const jwkOf = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: "jwk" }), ...more }) as Record<string, unknown>;
const thumbprintOf = (key: KeyObject) => thumbprint({ ...createPublicKey(key).export({ format: "jwk" }) } as never);
const escaped = (text: string, end = "\\n") => text.replaceAll("\n", end);
const { n, e, d } = jwkOf(rsa);
const PASSPHRASE = "hunter2 open";

const scratch = scratchDirectories();
let cwd: string;
let aws: Awaited<ReturnType<typeof startFakeAws>>;
beforeAll(async () => {
  cwd = await scratch();
  await mkdir(join(cwd, "keys"));
  aws = await startFakeAws({ isDirect: true });
  await writeFile(join(cwd, "passphrase"), PASSPHRASE, { mode: 0o600 });
  await writeFile(join(cwd, "passphrase-of-windows"), shape.utf16(`${PASSPHRASE}\r\n`), { mode: 0o600 });
});
afterAll(() => aws.close());

let count = 0;
type Content = string | Buffer;

/** What a process has on its standard input; put back when all is done. */
const stdin = Object.getOwnPropertyDescriptor(process, "stdin") as PropertyDescriptor;
afterAll(() => void Object.defineProperty(process, "stdin", stdin));

/** Where the same content can stand, and what names it there. */
const PLACES: Record<string, (content: Content, name: string) => string | undefined | Promise<string>> = {
  async file(content, name) {
    await writeFile(join(cwd, "keys", name), content);
    return `keys/${name}`;
  },
  stdin(content) {
    Object.defineProperty(process, "stdin", { ...stdin, get: () => Readable.from([Buffer.from(content)]) });
    return "-";
  },
  env(content, name) {
    if (typeof content !== "string") return undefined;
    Object.assign(aws.env, { [`KEY_${name}`]: content });
    return `env:KEY_${name}`;
  },
  ssm(content, name) {
    if (typeof content !== "string") return undefined;
    aws.perform("ssm", "PutParameter", { Name: name, Value: content, Type: "SecureString", Tier: "Intelligent-Tiering" });
    return `ssm:${name}`;
  },
  secret(content, name) {
    const value = typeof content === "string" ? { SecretString: content } : { SecretBinary: content.toString("base64") };
    aws.perform("secretsmanager", "CreateSecret", { Name: name, ...value, ClientRequestToken: name.padStart(32, "0") });
    return `secret:${name}`;
  },
};

/** @param inTurn whether one place will do, each time another one */
async function everywhere(
  content: Content,
  check: (source: string, place: string) => Promise<void>,
  inTurn = false,
): Promise<void> {
  const name = `k${++count}`;
  const places = Object.entries(PLACES);
  for (const [place, put] of inTurn && typeof content === "string"
    ? [places[count % places.length] as (typeof places)[number]]
    : places) {
    const source = await put(content, name);
    if (source !== undefined) await check(source, place);
  }
}

const find = (source: string, options: KeySourceOptions = {}) => findKey({ cwd, env: aws.env, self: "signet" }, source, options);

interface Read {
  readonly key?: KeyObject;
  readonly alg?: string;
  readonly kid?: string;
  readonly options?: KeySourceOptions;
}

const opens = { options: { keyPassphraseFile: "passphrase" } };
const bag = "Bag Attributes\n    localKeyID: F3 CE \nsubject=CN = issuer\n";

/** What people have, where it was reported or who writes it, and what it is. */
const READ: [from: string, what: string, content: Content, read?: Read][] = [
  ["openssl genpkey", "PKCS#8", privatePem(rsa), { key: rsa, alg: "RS256" }],
  ["openssl genrsa -traditional", "PKCS#1", privatePem(rsa, "pkcs1"), { key: rsa, alg: "RS256" }],
  [
    "openssl pkcs12 -nodes -nocerts",
    "bag attributes around a key alone",
    `${bag}Key Attributes: <No Attributes>\n${privatePem(ec)}`,
  ],
  [
    "cert-manager#9294, s2n-tls#668",
    "EC PARAMETERS first",
    `${shape.pem("EC PARAMETERS", Buffer.from("06082a8648ce3d030107", "hex"))}${privatePem(ec, "sec1")}`,
  ],
  ["haproxy's crt", "a certificate, then its key", shape.certificate(ec) + privatePem(ec)],
  [
    "haproxy's crt",
    "a chain of certificates, then the key of one",
    shape.certificate(other) + shape.certificate(ec) + privatePem(ec),
  ],
  ["openssl pkcs12 -nodes", "bag attributes", `${bag}${shape.certificate(ec)}Key Attributes: <No Attributes>\n${privatePem(ec)}`],
  ["certbot#4216, ceph#68632", "both halves in one file", publicPem(ec) + privatePem(ec)],
  ["octokit/app.js#40", "escaped newlines in a variable", escaped(privatePem(ec))],
  ["node-jsonwebtoken#191", "escaped newlines of Windows", escaped(privatePem(ec), "\\r\\n")],
  ["a .env file", "quotes and escaped newlines", JSON.stringify(privatePem(ec))],
  ["a .env file", "quotes around real newlines", `'${privatePem(ec)}'`],
  ["JSON in JSON", "newlines that were escaped twice", escaped(privatePem(ec), "\\\\n")],
  [
    "System.Text.Json",
    "a plus and an apostrophe by their numbers",
    escaped(privatePem(rsa).replaceAll("+", "\\u002B")),
    { key: rsa, alg: "RS256" },
  ],
  ["PHP's json_encode", "slashes that are escaped", escaped(privatePem(rsa).replaceAll("/", "\\/")), { key: rsa, alg: "RS256" }],
  ["a secrets console", "a PEM in one line", privatePem(ec).replaceAll("\n", " ")],
  ["terraform-aws-github-runner#914", "the whole PEM in base64", shape.base64(privatePem(ec))],
  ["base64 -w 76", "the same in lines", shape.base64(privatePem(ec)).replace(/.{76}/g, "$&\n")],
  ["PowerShell's ToBase64String", "UTF-16 in base64", shape.base64(shape.utf16(privatePem(ec)))],
  ["Java's PKCS8EncodedKeySpec", "the DER in base64, without a PEM", shape.base64(ec.export({ format: "der", type: "pkcs8" }))],
  ["openssl -outform DER", "DER", ec.export({ format: "der", type: "pkcs8" })],
  ["openssl -outform DER", "DER of PKCS#1", rsa.export({ format: "der", type: "pkcs1" }), { key: rsa, alg: "RS256" }],
  ["PowerShell's >", "UTF-16 with its mark", shape.utf16(privatePem(ec))],
  ["a Windows editor", "UTF-16, the greater byte first", shape.utf16(privatePem(ec)).swap16()],
  ["Notepad", "UTF-8 with a byte order mark", Buffer.from(`\ufeff${privatePem(ec)}`)],
  ["an editor", "a PEM whose end has another label", privatePem(ec).replace("END PRIVATE", "END EC PRIVATE")],
  ["RFC 1421 writers", "headers in a block", privatePem(ec).replace("-----\n", "-----\nComment: signing key\n\n")],
  ["openssl ec -param_enc explicit", "a curve that is written out", privatePem(explicit), { key: explicit }],
  ["openssl genpkey -algorithm RSA-PSS", "an RSA-PSS key", shape.pssPem(rsa), { key: rsa, alg: "PS256" }],
  ["rsa_pss_keygen_md:sha384", "one that is restricted to a digest", shape.pssPem(rsa, "sha384"), { key: rsa, alg: "PS384" }],
  ["openssl pkcs8 -topk8", "an encrypted key", shape.encryptedPem(ec, PASSPHRASE), opens],
  [
    "echo hunter2 > pass, in PowerShell",
    "an encrypted key, and a passphrase in UTF-16 that ends as lines end on Windows",
    shape.encryptedPem(ec, PASSPHRASE),
    { options: { keyPassphraseFile: "passphrase-of-windows" } },
  ],
  ["OpenSSL 1.0", "one of triple DES", shape.encryptedPem(ec, PASSPHRASE, "des-ede3-cbc"), opens],
  [
    "openssl ec -aes128",
    "OpenSSL's own encryption",
    ec.export({ format: "pem", type: "sec1", cipher: "aes-128-cbc", passphrase: PASSPHRASE }).toString(),
    opens,
  ],
  [
    "a variable of the same",
    "the same, escaped",
    escaped(ec.export({ format: "pem", type: "sec1", cipher: "aes-128-cbc", passphrase: PASSPHRASE }).toString()),
    opens,
  ],
  [
    "mkjwk",
    "a set with one key that signs",
    JSON.stringify({ keys: [jwkOf(ec, { use: "sig", alg: "ES256", kid: "k1" })] }),
    { kid: "k1" },
  ],
  [
    "Supabase's GOTRUE_JWT_KEYS",
    "a list with a key that signs, one that verifies and a secret",
    JSON.stringify([
      jwkOf(ec, { kid: "new", key_ops: ["sign", "verify"] }),
      jwkOf(other, { kid: "old", key_ops: ["verify"] }),
      { kty: "oct", k: "c2VjcmV0", kid: "legacy", key_ops: ["verify"] },
    ]),
    { kid: "new" },
  ],
  [
    "a set beside its own strangers",
    "a set with keys for encryption, of unknown kinds and in pieces",
    JSON.stringify({
      keys: [
        null,
        "x",
        { kty: "EC" },
        jwkOf(k1, { kid: "k" }),
        jwkOf(rsa, { use: "enc" }),
        jwkOf(ec, { kid: "k1", alg: null, use: null, key_ops: null }),
      ],
    }),
    { kid: "k1" },
  ],
  [
    "one key twice",
    "a set that names the same key twice",
    JSON.stringify({ keys: [jwkOf(ec, { kid: "a" }), jwkOf(ec, { kid: "a" })] }),
    { kid: "a" },
  ],
  [
    "Google's service accounts",
    "service-account JSON",
    JSON.stringify(
      {
        type: "service_account",
        private_key_id: "0123",
        private_key: privatePem(rsa),
        client_x509_cert_url: "https://x.example",
      },
      null,
      2,
    ),
    { key: rsa, alg: "RS256", kid: "0123" },
  ],
  [
    "system B's secrets",
    "a wrapped key with an id",
    JSON.stringify({ privateKey: privatePem(ec), publicKey: "x", keyId: "k9" }),
    { kid: "k9" },
  ],
  [
    "Kubernetes' kubectl get -o json",
    "a manifest of a TLS secret",
    JSON.stringify({
      kind: "Secret",
      data: { "tls.crt": shape.base64(shape.certificate(ec)), "tls.key": shape.base64(privatePem(ec)) },
    }),
  ],
  [
    "a JWK as a text in JSON",
    "a JWK in a member",
    JSON.stringify({ env: { SIGNING_KEY: JSON.stringify(jwkOf(ec, { kid: "k1" })) } }),
    { kid: "k1" },
  ],
  [
    "docker run -e",
    "JSON that was escaped and lost its quotes",
    JSON.stringify(JSON.stringify(jwkOf(ec, { kid: "k1" }))).slice(1, -1),
    { kid: "k1" },
  ],
  [
    "jose#26, jose#480",
    "RSA of n, e and d",
    JSON.stringify({ kty: "RSA", n, e, d, kid: "k1" }),
    { key: rsa, alg: "RS256", kid: "k1" },
  ],
  ["canvas-lms#2639", "a JWK after a byte order mark", `\ufeff${JSON.stringify(jwkOf(ec))}`],
  [
    "a set with two",
    "a set of two, and --kid",
    JSON.stringify({ keys: [jwkOf(other, { kid: "a" }), jwkOf(ec, { kid: "b" })] }),
    { kid: "b", options: { kid: "b" } },
  ],
  [
    "a file of two",
    "two PEMs, and --kid with a thumbprint",
    privatePem(other) + privatePem(ec),
    { options: { kid: thumbprintOf(ec) } },
  ],
  [
    "a secret with several keys",
    "a member of an object",
    JSON.stringify({ old: privatePem(other), new: privatePem(ec) }),
    { options: { member: "new" } },
  ],
  ["Abblix#263", "a kid that is a number, and --kid", JSON.stringify(jwkOf(ec, { kid: 42 })), { options: { kid: "forty-two" } }],
];

describe("a private key as people have it is read, whatever its place:", () => {
  it.each(READ)("%s: %s", async (_from, _what, content, { key = ec, alg = "ES256", kid, options } = {}) => {
    await everywhere(content, async (source, place) => {
      const found = await find(source, options);
      if ("existing" in found) throw new Error("no key was read");
      expect(found.privateKey.equals(key), place).toBe(true);
      // A curve by its name, whatever it was before: other programs know no other form.
      expect(found.privateKey.export({ format: "der", type: "pkcs8" }).length, place).toBeLessThan(key === rsa ? 1_300 : 140);
      expect({ alg: found.alg, kid: found.kid }, place).toStrictEqual({ alg, kid });
    });
  });
});

const without = (key: KeyObject, ...names: string[]) =>
  JSON.stringify({ ...jwkOf(key), ...Object.fromEntries(names.map((name) => [name, undefined])) });
const damaged = Buffer.from(ec.export({ format: "der", type: "pkcs8" }));
// To its end: what of a key would be left is another one each time, and some of it can be read as something else.
damaged.fill(0, 20);

const REFUSED: [what: string, content: Content, words: string, options?: KeySourceOptions, code?: string][] = [
  ["nothing", " \n \n", "this is empty"],
  ["a certificate", shape.certificate(ec), "openssl pkcs12 -in FILE -nodes -nocerts"],
  ["a request for a certificate", shape.certificateRequest(ec), "certificate signing request"],
  ["a public key", publicPem(ec), "holds a public key; the private key is needed"],
  ["a public JWK", without(ec, "d"), 'no member "d"'],
  [
    "a certificate that is another key's",
    shape.certificate(other) + privatePem(ec),
    "the certificate beside it is another key's",
  ],
  ["a public key that is another key's", publicPem(other) + privatePem(ec), "the public key beside it is another key's"],
  [
    "a wrapped key beside another's public key",
    JSON.stringify({ privateKey: privatePem(ec), publicKey: publicPem(other) }),
    "is another key's",
  ],
  ["an OpenSSH key", shape.pem("OPENSSH PRIVATE KEY", Buffer.alloc(300, 7)), "ssh-keygen -p -m PKCS8 -f"],
  ["an OpenSSH public key", `ssh-rsa ${"A".repeat(300)} me@example`, "ssh-keygen -e -m PKCS8"],
  ["a PuTTY key", "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none", "puttygen FILE"],
  ["a PGP key", shape.pem("PGP PRIVATE KEY BLOCK", Buffer.alloc(300)), "PGP key"],
  ["a key in a TPM", shape.pem("TSS2 PRIVATE KEY", Buffer.alloc(99)), "--custody command"],
  ["a PKCS#12 file", shape.pkcs12(), "openssl pkcs12 -in FILE -nodes -nocerts"],
  ["the same in base64", shape.base64(shape.pkcs12()), "PKCS#12"],
  ["a Java keystore", Buffer.from("feedfeed000000020000", "hex"), "keytool -importkeystore"],
  ["a curve's parameters", shape.pem("EC PARAMETERS", Buffer.from("06082a8648ce3d030107", "hex")), "openssl genpkey"],
  ["a P-256K key", privatePem(k1), "secp256k1 (P-256K, for ES256K)"],
  ["a P-256K JWK", JSON.stringify(jwkOf(k1, { alg: "ES256K" })), "secp256k1 (P-256K, for ES256K)"],
  ["an X25519 key", privatePem(generateKeyPairSync("x25519").privateKey), "type X25519"],
  ["an Ed448 JWK", JSON.stringify(jwkOf(generateKeyPairSync("ed448").privateKey)), "on the curve Ed448"],
  ["a key that is restricted to SHA-1", shape.pssPem(rsa, "sha1"), "restricted to a digest"],
  ["an RSA-PSS key for RS256", shape.pssPem(rsa), "it is for RSA-PSS", { algorithm: "RS256" }],
  ["a text that is cut off", privatePem(ec).slice(0, 90), "is cut off"],
  ["a key that is damaged", shape.pem("PRIVATE KEY", damaged), "PKCS#8"],
  ["a token", "eyJhbGciOiJub25lIn0.e30.", "a token and no key"],
  ["an encrypted JWK", "eyJhbGciOiJub25lIn0.AA.BB.CC.DD", "an encrypted JWK (a JWE)"],
  ["the path of a file", "/run/secrets/key.pem", "the path of a file"],
  ["a kid that is no text", JSON.stringify(jwkOf(ec, { kid: 42 })), "--kid"],
  ["an id that is no text", JSON.stringify({ privateKey: privatePem(ec), keyId: 42 }), "--kid"],
  ["base64 with padding in a JWK", JSON.stringify(jwkOf(ec, { x: `${jwkOf(ec).x}=` })), "tr -d '='"],
  [
    "RSA whose d is another key's",
    JSON.stringify({ kty: "RSA", n, e, d: jwkOf(rsaPair(2_048).privateKey).d }),
    'does not belong to its "n" and "e"',
  ],
  ["RSA of three primes", JSON.stringify(jwkOf(rsa, { oth: [] })), "more than two primes"],
  ["a key for encryption", JSON.stringify(jwkOf(rsa, { use: "enc" })), '"use" is not "sig"'],
  ["a key that only verifies", JSON.stringify(jwkOf(ec, { key_ops: ["verify"] })), '"key_ops" has no "sign"'],
  [
    "a set of public keys",
    JSON.stringify({ keys: [JSON.parse(without(ec, "d")), JSON.parse(without(other, "d"))] }),
    "is public",
  ],
  [
    "a set of two",
    JSON.stringify({ keys: [jwkOf(ec, { kid: "a" }), jwkOf(other, { kid: "b" })] }),
    '"a", "b"; choose one with --kid',
  ],
  [
    "a set without the one",
    JSON.stringify({ keys: [jwkOf(ec, { kid: "a" }), jwkOf(other, { kid: "b" })] }),
    "none of them of that name",
    { kid: "c" },
  ],
  [
    "two keys of one name",
    JSON.stringify({ keys: [jwkOf(ec, { kid: "a" }), jwkOf(other, { kid: "a" })] }),
    "two different keys",
    { kid: "a" },
  ],
  [
    "a key of a set that cannot sign, by its name",
    JSON.stringify({ keys: [jwkOf(ec, { kid: "a", use: "enc" }), jwkOf(other, { kid: "b" })] }),
    '"use"',
    { kid: "a" },
  ],
  ["two PEMs", privatePem(ec) + privatePem(other), thumbprintOf(ec).slice(0, 20)],
  ["a member that is not there", JSON.stringify({ one: privatePem(ec) }), "it has one", { member: "two" }],
  ["a member of no object", privatePem(ec), "--member", { member: "two" }],
  ["an encrypted key", shape.encryptedPem(ec, PASSPHRASE), "--key-passphrase-file", {}, "usage"],
  ["endless rounds", shape.workingFor(Buffer.from("7fffffff", "hex")), "rounds", { keyPassphraseFile: "passphrase" }],
  [
    "another passphrase",
    shape.encryptedPem(ec, "another"),
    "does not open",
    { keyPassphraseFile: "passphrase" },
    "passphrase_wrong",
  ],
];

describe("what cannot be read says what it is and what to type, and shows nothing of a key:", () => {
  it.each(REFUSED)("%s", async (_what, content, words, options, code) => {
    await everywhere(
      content,
      async (source, place) => {
        const error = await find(source, options).catch((thrown: Error & { code?: string }) => thrown);
        expect(error, place).toMatchObject({
          message: expect.stringContaining(words),
          code: expect.stringMatching(code ?? /invalid_key|usage/),
        });
        for (let each: unknown = error; each instanceof Error; each = each.cause) {
          expect(each.message).not.toMatch(/[\w+/-]{44}|hunter2/);
        }
      },
      true,
    );
  });

  it("too much to be a key", async () => {
    const source = await PLACES.file?.(Buffer.alloc(1_048_577, 0x20), "long");
    await expect(find(source ?? "")).rejects.toMatchObject({ code: "usage", message: expect.stringContaining("more than") });
  });

  it("a key in the place of its place is not repeated", async () => {
    const pasted = [
      privatePem(ec),
      JSON.stringify(jwkOf(ec)),
      shape.base64(privatePem(ec)),
      shape.base64(rsa.export({ format: "der", type: "pkcs8" })),
      // Short sequences have their length in one byte.
      ...[ec, generateKeyPairSync("ed25519").privateKey].map((key) => shape.base64(key.export({ format: "der", type: "pkcs8" }))),
      shape.base64(ec.export({ format: "der", type: "sec1" })),
      shape.base64(JSON.stringify(jwkOf(ec))),
      shape.base64(JSON.stringify(jwkOf(ec), null, 2)),
      Buffer.from(JSON.stringify(jwkOf(ec))).toString("base64url"),
      `${"x".repeat(256)}${shape.base64(ec.export({ format: "der", type: "pkcs8" }))}`,
    ];
    for (const source of [...pasted, ...pasted.map((each) => `env:${each}`)]) {
      const error = await find(source).catch((thrown: Error) => thrown);
      expect(error).toMatchObject({ code: "usage", message: expect.not.stringMatching(/[\w+/-]{44}/) });
    }
  });
});

describe("a key whose list gives it no name", () => {
  it.each([["none"], ["a number"]])("takes the one that is given, and asks for it otherwise: %s", async (name) => {
    const { d: _, ...half } = jwkOf(ec);
    const listed = JSON.stringify({ keys: [{ ...half, ...(name === "none" ? { kid: undefined } : { kid: 7 }) }] });
    const jwks = await PLACES.file?.(listed, `list-${name.length}`);
    const source = (await PLACES.file?.(privatePem(ec), `key-${name.length}`)) ?? "";
    await expect(find(source, { jwks })).rejects.toThrow("lists the key without a kid; give --kid");
    expect(await find(source, { jwks, kid: "mine" })).toMatchObject({ kid: "mine" });
  });
});

describe("in AWS, what is meant is chosen by what stands behind the name:", () => {
  const text = (key: KeyObject) => privatePem(key);
  const put = (Name: string, Value: string) =>
    aws.perform("ssm", "PutParameter", { Name, Value, Type: "SecureString", Overwrite: true });
  const same = async (source: string, key: KeyObject, options?: KeySourceOptions) => {
    const found = await find(source, options);
    expect("privateKey" in found && found.privateKey.equals(key), source).toBe(true);
    return found;
  };

  it("the version or the label of a parameter, by its name or its ARN", async () => {
    put("/world/chosen", text(other));
    put("/world/chosen", text(ec));
    aws.perform("ssm", "LabelParameterVersion", { Name: "/world/chosen", ParameterVersion: 1, Labels: ["before"] });
    const arn = "arn:aws:ssm:eu-central-1:111122223333:parameter/world/chosen";
    for (const place of ["ssm:/world/chosen", arn, `ssm:${arn}`]) {
      await same(place, ec);
      await same(`${place}:1`, other);
      await same(`${place}:before`, other);
      await expect(find(`${place}:9`)).rejects.toMatchObject({ code: "key_not_found" });
    }
  });

  it("a parameter without a slash by its ARN", async () => {
    put("bare-name", text(ec));
    await same("arn:aws:ssm:eu-central-1:111122223333:parameter/bare-name", ec);
    await expect(find("arn:aws:ssm:eu-central-1:999922223333:parameter/bare-name")).rejects.toMatchObject({
      code: "key_not_found",
    });
  });

  it("one member of a secret, its label and its version, as Amazon ECS names them", async () => {
    const [first, second] = ["1".repeat(32), "2".repeat(32)];
    const value = (key: KeyObject) => JSON.stringify({ a: text(key), b: text(rsa) });
    const { ARN } = aws.perform("secretsmanager", "CreateSecret", {
      Name: "world",
      SecretString: value(other),
      ClientRequestToken: first,
    });
    aws.perform("secretsmanager", "PutSecretValue", { SecretId: "world", SecretString: value(ec), ClientRequestToken: second });
    for (const place of [ARN, `secret:${ARN}`, "secret:world"]) {
      await same(`${place}:a::`, ec);
      await same(`${place}:b`, rsa);
      await same(`${place}:a:AWSPREVIOUS:`, other);
      await same(`${place}:a::${first}`, other);
      await same(place, ec, { member: "a" });
      await expect(find(place)).rejects.toMatchObject({ message: expect.stringContaining("2 private keys") });
      await expect(find(`${place}:a:NONE:`)).rejects.toMatchObject({ code: "key_not_found" });
    }
  });
});
