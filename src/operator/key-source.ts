import { createPublicKey, type KeyObject } from "node:crypto";
import { assertHalvesMatch } from "../algorithms/keys.js";
import { type PrivateKeyText, parsePrivateKeyText } from "../algorithms/private-key-text.js";
import { type AlgorithmName, algorithmNamed } from "../algorithms/table.js";
import { createSecretsManager } from "../aws/secrets-manager.js";
import { createParameterStore } from "../aws/ssm.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError, SignetError } from "../errors.js";
import { readTrustedText } from "../files/trusted-read.js";
import { awsAccess } from "./aws-access.js";
import { readGivenFile } from "./given-file.js";
import { readJwks } from "./jwks-source.js";
import { pathGiven, type Surroundings } from "./surroundings.js";

/** How a key made elsewhere is read. */
export interface KeySourceOptions {
  readonly kid?: string | undefined;
  readonly algorithm?: AlgorithmName | undefined;
  readonly keyPassphraseFile?: string | undefined;
  /** A JWKS that lists the key's public part: the key has its `kid` from there. */
  readonly jwks?: string | undefined;
  /** The region of what has no ARN. */
  readonly region?: string | undefined;
  /** Asks the operator for the passphrase of a key; absent where there is no terminal. */
  readonly askPassphrase?: ((question: string) => Promise<string>) | undefined;
}

/** A key made elsewhere: one that stays in KMS, or one whose private part was read. */
export type FoundKey = { readonly existing: string } | (PrivateKeyText & { readonly from: string });

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/**
 * Reads a key from where it is: a file, a parameter (`ssm:/PATH`), a secret (`secret:NAME`), a KMS key (`kms:KEY`, `alias/NAME`), or the
 * ARN of any of these. Nothing is changed there.
 *
 * @throws SignetError `usage`, `invalid_key` where the halves do not belong together, and what AWS answers
 */
export async function findKey(surroundings: Surroundings, source: string, options: KeySourceOptions): Promise<FoundKey> {
  const [service, name] = parseSource(source);
  if (service === "kms") return { existing: name };
  const found = await readers[service](surroundings, name, options);
  const named = options.jwks === undefined ? found : namedIn(await readJwks(surroundings, options.jwks), found, options.jwks);
  return { ...named, from: source };
}

type Service = "file" | "ssm" | "secret" | "kms";

function parseSource(source: string): [Service, string] {
  const [, service = "", rest = ""] = /^arn:[\w-]+:(ssm|secretsmanager|kms):[^:]*:[^:]*:(.+)$/.exec(source) ?? [];
  if (service === "ssm") return ["ssm", source];
  if (service === "secretsmanager") return ["secret", source];
  if (service === "kms" || source.startsWith("alias/")) return ["kms", source];
  if (source.startsWith("arn:") || rest !== "") {
    throw new SignetError("usage", "an ARN of a parameter, a secret or a KMS key can be imported");
  }
  const [, prefix, name = ""] = /^(ssm|secret|kms):(.+)$/.exec(source) ?? [];
  return prefix === undefined ? ["file", source] : [prefix as Service, name];
}

const readers: Readonly<Record<Exclude<Service, "kms">, typeof fromFile>> = {
  file: fromFile,
  ssm: fromParameter,
  secret: fromSecret,
};

async function fromFile(surroundings: Surroundings, file: string, options: KeySourceOptions): Promise<PrivateKeyText> {
  const found = await readGivenFile(surroundings, file).catch((error: unknown) => {
    if (!isSignetError(error, "usage") || !file.startsWith("/")) throw error;
    throw new SignetError("usage", `${error.message}; a parameter is given as ssm:${file}`, { cause: error });
  });
  const text = found.toString("utf8");
  const parse = (passphrase: string | undefined) => parsed(text, options, passphrase);
  try {
    return parse(await passphraseOfKey(surroundings, options));
  } catch (error) {
    if (!isSignetError(error, "passphrase_required")) throw error;
    if (options.askPassphrase === undefined) {
      throw new SignetError("usage", `${file} is encrypted: give its passphrase with --key-passphrase-file FILE`, {
        cause: error,
      });
    }
    return parse(await options.askPassphrase(`Passphrase of ${file}: `));
  }
}

/** A private key in a parameter; beside `.../private-key` its public part is looked at, and the path's UUID names the key. */
async function fromParameter(surroundings: Surroundings, name: string, options: KeySourceOptions): Promise<PrivateKeyText> {
  const path = name.startsWith("arn:") ? `/${name.split(":parameter/")[1] ?? ""}` : name;
  const beside = path.endsWith("/private-key") ? path.replace(/private-key$/, "public-key") : undefined;
  const names = beside === undefined ? [path] : [path, beside];
  const found = await createParameterStore(awsAccess(surroundings, name, options.region)).get(names);
  const text = found.get(path);
  if (text === undefined)
    throw new SignetError("key_not_found", `there is no parameter ${path}, or it may not be read from here`);
  const key = parsed(text, options);
  const publicText = beside && found.get(beside);
  if (beside !== undefined && publicText !== undefined) assertPublicPart(key, publicText, beside);
  const kid = key.kid ?? (beside === undefined ? undefined : UUID.exec(path)?.[0]);
  return kid === undefined ? key : { ...key, kid };
}

function assertPublicPart({ alg, privateKey }: PrivateKeyText, text: string, where: string): void {
  let publicKey: KeyObject;
  try {
    publicKey = createPublicKey(text);
  } catch (error) {
    throw new SignetError("invalid_key", `${where} is no public key`, { cause: error });
  }
  try {
    assertHalvesMatch(algorithmNamed(alg), privateKey, publicKey);
  } catch (error) {
    const words = `${where} is another key's public part: verifiers that have it refuse every token of the private one`;
    throw new SignetError("invalid_key", words, { cause: error });
  }
}

/** A private key in a secret: as it is, or as the one member of a JSON object that is one. */
async function fromSecret(surroundings: Surroundings, name: string, options: KeySourceOptions): Promise<PrivateKeyText> {
  const found = await createSecretsManager(awsAccess(surroundings, name, options.region)).get(name);
  if (found === undefined) throw new SignetError("key_not_found", `there is no secret ${name}, or it is about to be deleted`);
  const value = found.value.trim();
  if (!value.startsWith("{")) return parsed(value, options);
  const members = parseStrictJson(value, "the secret") as Record<string, unknown>;
  if (typeof members.kty === "string") return parsed(value, options);
  const texts = Object.values(members).flatMap((member) => (typeof member === "string" ? member : JSON.stringify(member)));
  const keys = texts.filter((text) => /-----BEGIN [A-Z ]*PRIVATE KEY-----|"d"\s*:/.test(text));
  if (keys.length !== 1)
    throw new SignetError("invalid_key", `the secret has ${keys.length} members that look like a private key, not one`);
  const key = parsed(keys[0] as string, options);
  const kid = key.kid ?? [members.kid, members.keyId].find((each) => typeof each === "string" && each !== "");
  return typeof kid === "string" ? { ...key, kid } : key;
}

function parsed(text: string, { algorithm }: KeySourceOptions, passphrase?: string): PrivateKeyText {
  return parsePrivateKeyText(text, {
    ...(algorithm === undefined ? {} : { alg: algorithm }),
    ...(passphrase === undefined ? {} : { passphrase }),
  });
}

// What verifiers have read decides how the key is called, and that its public part is the right one.
function namedIn(jwks: { readonly keys: readonly object[] }, key: PrivateKeyText, where: string): PrivateKeyText {
  const same = jwks.keys.find((jwk) => {
    try {
      return createPublicKey({ key: jwk as never, format: "jwk" }).equals(createPublicKey(key.privateKey));
    } catch {
      return false;
    }
  });
  if (same === undefined) throw new SignetError("invalid_key", `${where} does not list the public part of this key`);
  const { kid } = same as { kid?: unknown };
  if (typeof kid !== "string" || kid === "")
    throw new SignetError("invalid_key", `${where} lists the key without a kid; give --kid`);
  return { ...key, kid };
}

async function passphraseOfKey(surroundings: Surroundings, { keyPassphraseFile }: KeySourceOptions): Promise<string | undefined> {
  if (keyPassphraseFile === undefined) return undefined;
  const text = await readTrustedText("secret", pathGiven(surroundings, keyPassphraseFile), "usage");
  if (text === undefined) throw new SignetError("usage", `${keyPassphraseFile} cannot be read: there is no such file`);
  return text.replace(/\r?\n$/, "");
}
