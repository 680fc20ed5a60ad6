import * as v from "valibot";
import { ALGORITHM_NAMES } from "../algorithms/table.js";

/** A caller's name can also be a Lambda alias, which is never a bare number (that is a version). */
export const CALLER_NAME = /^(?!\d+$)[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Tells whether a text can be a caller's name. */
export function isCallerName(text: string): boolean {
  return CALLER_NAME.test(text);
}

/** Who can hold private keys: a file on this machine, or a service of AWS. */
export const CUSTODY_KINDS = ["file", "parameter-store", "secrets-manager", "kms", "kms-data-key"] as const;

/** An installation's name: it stands in parameters' and secrets' names, and in aliases. */
export const INSTALLATION_NAME = /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/;

/** A region of AWS, of any partition. */
export const REGION_NAME = /^[a-z]{2,6}(?:-[a-z]+)+-\d{1,2}$/;

const seconds = (least: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(least));
const names = v.array(v.pipe(v.string(), v.nonEmpty()));

const unlimited = {
  fixedClaims: v.optional(v.record(v.string(), v.unknown())),
  allowedClaims: v.optional(names),
  requiredClaims: v.optional(names),
  allowedAudiences: v.optional(names),
  allowedTypes: v.optional(names),
  maxTokensPerMinute: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1_000_000))),
};

/** What may be issued. */
const limits = v.strictObject({
  maxTtlSeconds: v.optional(seconds(1), 86_400),
  defaultTtlSeconds: v.optional(v.nullable(seconds(1)), 900),
  requireExpiration: v.optional(v.boolean(), true),
  ...unlimited,
});

/** What one caller may be issued: what it does not say is as the issuer's limits say. */
export const callerLimits = v.strictObject({
  maxTtlSeconds: v.optional(seconds(1)),
  defaultTtlSeconds: v.optional(v.nullable(seconds(1))),
  requireExpiration: v.optional(v.boolean()),
  ...unlimited,
});

/** A host, as a URL of https names it: in small letters, with its port where that is not 443. */
export const HOST = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])(?::\d{1,5})?$/;

const secret = v.strictObject({
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  createdAt: seconds(0),
  expiresAt: v.optional(seconds(0)),
});

/** A named party and its limits. */
export const callerEntries = { limits: v.optional(callerLimits), secrets: v.optional(v.array(secret)) };

/** When keys move. */
const rotation = v.strictObject({
  rotateEverySeconds: v.optional(seconds(0), 7_776_000),
  publishAheadSeconds: v.optional(seconds(1), 86_400),
  activeKeyMaxAgeSeconds: v.optional(seconds(60), 3_600),
  clockSkewSeconds: v.optional(v.pipe(seconds(0), v.maxValue(3_600)), 300),
});

/** Where an installation is in AWS. */
const aws = v.strictObject({
  installation: v.pipe(v.string(), v.regex(INSTALLATION_NAME)),
  region: v.optional(v.pipe(v.string(), v.regex(REGION_NAME))),
  kmsKey: v.optional(v.pipe(v.string(), v.nonEmpty())),
  keyPolicy: v.optional(v.pipe(v.string(), v.nonEmpty())),
  keyring: v.optional(v.pipe(v.string(), v.regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/[A-Za-z0-9._/-]{0,200})?$/))),
});

/** Who is told of each change of a key. */
const notices = v.strictObject({
  webhook: v.optional(v.pipe(v.string(), v.url())),
  webhookSecretFile: v.optional(v.pipe(v.string(), v.nonEmpty())),
  eventBus: v.optional(v.pipe(v.string(), v.nonEmpty())),
});

/** The members of `signet.json`. */
export const configSchema = v.strictObject({
  $schema: v.optional(v.string()),
  issuer: v.optional(v.pipe(v.string(), v.check(isIssuerUrl, "ISSUER"))),
  algorithm: v.optional(v.picklist(ALGORITHM_NAMES), "ES256"),
  ed25519Name: v.optional(v.picklist(["EdDSA", "Ed25519"]), "EdDSA"),
  custody: v.optional(v.picklist(CUSTODY_KINDS), "file"),
  aws: v.optional(aws),
  directory: v.optional(v.pipe(v.string(), v.nonEmpty()), ".signet"),
  passphraseFile: v.optional(v.pipe(v.string(), v.nonEmpty())),
  limits: v.optional(limits, {}),
  rotation: v.optional(rotation, {}),
  notices: v.optional(notices, {}),
  decodeHosts: v.optional(v.array(v.pipe(v.string(), v.regex(HOST)))),
  callers: v.optional(v.record(v.pipe(v.string(), v.regex(CALLER_NAME)), v.strictObject(callerEntries)), {}),
});

/** A config: complete, with its paths absolute. */
export type Config = Readonly<v.InferOutput<typeof configSchema>>;

/** Where an installation is in AWS. */
export type AwsConfig = NonNullable<Config["aws"]>;

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Tells whether a text can be an issuer's URL (OpenID Connect Discovery 1.0 section 3): https, or http on loopback for
 * development; no query, no fragment, no user. It is compared character by character, so it must be in its usual spelling.
 */
function isIssuerUrl(text: string): boolean {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return false;
  }
  const isSecure = url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname));
  const isPlain = url.search === "" && url.hash === "" && url.username === "" && url.password === "" && !/[?#]/.test(text);
  return isSecure && isPlain && (url.href === text || url.href === `${text}/`);
}
