import { ALGORITHM_NAMES } from "../algorithms/table.js";
import { CALLER_NAME, REFUSED_CALLER_NAMES } from "../settings/callers.js";
import { LIMIT_DESCRIPTIONS } from "../settings/limit-descriptions.js";
import { LIMIT_MEMBERS } from "../settings/limits.js";
import { forEditors, withoutDefaults } from "./described.js";
import { CUSTODY_KINDS, HOST, INSTALLATION_NAME } from "./schema.js";

const seconds = (description: string, least: number, fallback: number) => ({
  description: `${description} In seconds.`,
  type: "integer",
  minimum: least,
  default: fallback,
});

const limits = forEditors(LIMIT_MEMBERS, LIMIT_DESCRIPTIONS);
// A caller's own have no defaults: what they do not say is as the issuer's limits say.
const callerLimits = withoutDefaults(limits);

const secret = {
  type: "object",
  additionalProperties: false,
  required: ["sha256", "createdAt"],
  properties: {
    sha256: {
      description: "The digest of the secret; the secret itself is kept nowhere.",
      type: "string",
      pattern: "^[0-9a-f]{64}$",
    },
    createdAt: { description: "When it was made, in seconds since 1970.", type: "integer", minimum: 0 },
    expiresAt: { description: "From then on it is refused, in seconds since 1970.", type: "integer", minimum: 0 },
  },
};

const callers = {
  description: "Who may ask for tokens over HTTP, by name; `signet callers` writes them.",
  type: "object",
  propertyNames: { pattern: CALLER_NAME.source, not: { enum: [...REFUSED_CALLER_NAMES] } },
  additionalProperties: {
    type: "object",
    additionalProperties: false,
    properties: {
      limits: {
        description: "What it may be issued; the narrower of these and the issuer's wins.",
        type: "object",
        additionalProperties: false,
        properties: callerLimits,
      },
      secrets: { description: "The secrets that it may show.", type: "array", items: secret },
    },
  },
};

/** The JSON Schema of `signet.json`, for editors. A test holds it against the schema that the loader uses. */
export const configJsonSchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  $id: "https://unpkg.com/signet-jwt/dist/signet.schema.json",
  title: "signet.json",
  type: "object",
  additionalProperties: false,
  properties: {
    $schema: { type: "string" },
    issuer: { description: "The issuer's URL, set as iss. Without it, claims bring their own.", type: "string", format: "uri" },
    algorithm: { description: "What new keys sign with.", enum: [...ALGORITHM_NAMES], default: "ES256" },
    ed25519Name: {
      description: "What an Ed25519 key is called in headers and JWKs.",
      enum: ["EdDSA", "Ed25519"],
      default: "EdDSA",
    },
    custody: { description: "Who holds the private keys.", enum: [...CUSTODY_KINDS], default: "file" },
    aws: {
      description: "Where the installation is in AWS; every custody but file needs it.",
      type: "object",
      additionalProperties: false,
      required: ["installation"],
      properties: {
        installation: {
          description: "Its name, which no other installation of the account and region has; `signet init` finds one.",
          type: "string",
          pattern: INSTALLATION_NAME.source,
        },
        region: { description: "Default: AWS_REGION.", type: "string" },
        keyPolicy: {
          type: "string",
          minLength: 1,
          description: "The key policy of KMS keys that are made, as JSON; KMS's own default when absent.",
        },
        kmsKey: {
          description:
            "A KMS key by id, ARN or alias. kms: an existing key that signs first. kms-data-key: the symmetric key that wraps private keys. Otherwise: what encrypts them at rest.",
          type: "string",
        },
        keyring: {
          description: "s3://BUCKET/PREFIX for keyring, audit log and public documents. Default: the directory.",
          type: "string",
        },
      },
    },
    directory: { description: "Where keys and documents stand, relative to this file.", type: "string", default: ".signet" },
    passphraseFile: { description: "A file that holds the passphrase of the key files.", type: "string" },
    limits: {
      description: "What may be issued.",
      type: "object",
      additionalProperties: false,
      properties: limits,
    },
    rotation: {
      description: "When keys move.",
      type: "object",
      additionalProperties: false,
      properties: {
        rotateEverySeconds: seconds("Age at which an active key is succeeded; 0 means by hand.", 0, 7_776_000),
        publishAheadSeconds: seconds("How long a key is published before it signs.", 1, 86_400),
        activeKeyMaxAgeSeconds: seconds("How long an issuer signs without having confirmed its key.", 60, 3_600),
        clockSkewSeconds: { ...seconds("How far apart two clocks may be.", 0, 300), maximum: 3_600 },
      },
    },
    notices: {
      description: "Who is told of each change of a key, for those who cannot follow the JWKS.",
      type: "object",
      additionalProperties: false,
      properties: {
        webhook: { description: "A URL that gets each notice as a POST (Standard Webhooks).", type: "string", format: "uri" },
        webhookSecretFile: {
          description: "A file with the secret that notices are signed with (whsec_...); or SIGNET_WEBHOOK_SECRET.",
          type: "string",
        },
        eventBus: { description: "An event bus of EventBridge, by name or ARN.", type: "string" },
      },
    },
    decodeHosts: {
      description: "The hosts from which /decode fetches keys. Default: the issuer's own.",
      type: "array",
      items: { type: "string", pattern: HOST.source },
    },
    callers,
  },
} as const;
