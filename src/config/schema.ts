import * as v from "valibot";
import { ALGORITHM_NAMES } from "../algorithms/table.js";
import { isCallerName } from "../settings/callers.js";
import { LIMIT_MEMBERS, type Limits, type OwnLimits } from "../settings/limits.js";
import { described, withoutDefaults } from "./described.js";

/** Who can hold private keys: a file on this machine, or a service of AWS. */
export const CUSTODY_KINDS = ["file", "parameter-store", "secrets-manager", "kms", "kms-data-key"] as const;

/** An installation's name: it stands in parameters' and secrets' names, and in aliases. */
export const INSTALLATION_NAME = /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/;

/** A region of AWS, of any partition. */
export const REGION_NAME = /^[a-z]{2,6}(?:-[a-z]+)+-\d{1,2}$/;

const seconds = (least: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(least));

/** What may be issued. */
const limits = described<Limits>(LIMIT_MEMBERS);

/** What one caller may be issued: what it does not say is as the issuer's limits say. */
export const callerLimits = described<OwnLimits>(withoutDefaults(LIMIT_MEMBERS));

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
  callers: v.optional(v.record(v.pipe(v.string(), v.check(isCallerName, "CALLER")), v.strictObject(callerEntries)), {}),
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
