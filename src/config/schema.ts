import { ALGORITHM_NAMES } from "../algorithms/table.js";
import { CUSTODIES, CUSTODY_MEMBERS, CUSTODY_NAMES, kmsKeyFor, namesIn } from "../custody/registry.js";
import { isInsecureUrl } from "../encoding/insecure-issuer.js";
import { urlOf, webUrlOf } from "../encoding/url-of.js";
import { PARTY_IDS } from "../relying-parties/ids.js";
import { about } from "../settings/about.js";
import { CALLER_NAME, MAY, REFUSED_CALLER_NAMES } from "../settings/callers.js";
import { LIMIT_MEMBERS } from "../settings/limits.js";
import { POLICY_MEMBERS } from "../settings/policy.js";
import { asOwn, group, oneOf, type Shape, text, type Values } from "../settings/shape.js";
import { TOKEN_MEMBERS } from "../settings/tokens.js";
import { PROOF_MEMBERS } from "../settings/trusts.js";

/** An installation's name: it stands in parameters' and secrets' names, and in aliases. */
const INSTALLATION_NAME = /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/;

/** A region of AWS, of any partition. */
export const REGION_NAME = /^[a-z]{2,6}(?:-[a-z]+)+-\d{1,2}$/;

/** A host, as a URL of https names it: in small letters, with its port where that is not 443. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])(?::\d{1,5})?$/;

const KEYRING_PLACE = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/[A-Za-z0-9._/-]{0,200})?$/;

/** Where an installation is in AWS. */
const AWS_MEMBERS = {
  installation: {
    type: "string",
    pattern: INSTALLATION_NAME.source,
    title: "a name: small letters, digits and -, at most 48",
    required: true,
    ...about("Its name, which no other installation of the account and region has; `signet init` finds one.", "prod", {
      variable: "SIGNET_INSTALLATION",
    }),
  },
  region: {
    type: "string",
    title: 'a region such as "eu-central-1"',
    isRight: (name: string) => REGION_NAME.test(name),
    ...about("Its region.", "eu-central-1", {
      variable: "SIGNET_REGION",
      flag: "--region",
      fallback: "AWS_REGION, or the region of the AWS profile",
    }),
  },
  keyPolicy: {
    type: "string",
    minLength: 1,
    title: "a key policy of KMS, as JSON",
    ...about("The key policy of KMS keys that are made, as JSON.", '{"Version":"2012-10-17", ...}', { fallback: "KMS's own" }),
  },
  kmsKey: {
    ...text("a KMS key's id, ARN or alias"),
    ...about(
      `A KMS key by id, ARN or alias. ${kmsKeyFor("signs")}: an existing key that signs first. ${kmsKeyFor("wraps")}: the symmetric key that wraps private keys. Otherwise: what encrypts them at rest.`,
      "alias/tokens",
      { variable: "SIGNET_KMS_KEY", flag: "--kms-key" },
    ),
  },
  keyring: {
    type: "string",
    title: 'a bucket and a prefix such as "s3://my-bucket/signet"',
    isRight: (place: string) => KEYRING_PLACE.test(place),
    ...about("s3://BUCKET/PREFIX for keyring, audit log and public documents.", "s3://my-bucket/signet", {
      variable: "SIGNET_KEYRING",
      flag: "--keyring",
      fallback: "the directory",
    }),
  },
} as const satisfies Shape;

/** Who is told of each change of a key. */
const NOTICE_MEMBERS = {
  webhook: {
    type: "string",
    format: "uri",
    title: 'a URL such as "https://hooks.example/keys"',
    isRight: (url: string) => urlOf(url) !== undefined,
    ...about("A URL that gets each notice as a POST (Standard Webhooks).", "https://hooks.example/keys"),
  },
  webhookSecretFile: {
    ...text("the path of a file"),
    ...about("A file with the secret that notices are signed with (whsec_...); or SIGNET_WEBHOOK_SECRET.", "webhook-secret"),
  },
  eventBus: {
    ...text("an event bus, by name or ARN"),
    ...about("An event bus of EventBridge, by name or ARN.", "key-events"),
  },
} as const satisfies Shape;

const SECRET_MEMBERS = {
  sha256: {
    type: "string",
    pattern: "^[0-9a-f]{64}$",
    title: "64 hexadecimal digits: the digest that `signet callers add` wrote",
    required: true,
    ...about(
      "The digest of the secret; the secret itself is kept nowhere.",
      "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
  },
  createdAt: { ...instant(), required: true, ...about("When it was made.", 1_764_000_000) },
  expiresAt: { ...instant(), ...about("From then on it is refused.", 1_795_536_000) },
} as const satisfies Shape;

/** A named party and its limits. */
const CALLER_MEMBERS = {
  limits: {
    ...group(asOwn(LIMIT_MEMBERS)),
    ...about("What it may be issued; the narrower of these and the issuer's wins.", { maxTtlSeconds: 300 }),
  },
  secrets: {
    type: "array",
    title: "a list of secrets",
    items: group(SECRET_MEMBERS),
    ...about("The secrets that it may show.", []),
  },
  may: {
    ...MAY,
    ...about("What it may: issue (tokens, and all else but metrics), metrics (read /metrics).", ["metrics"], {
      fallback: "both",
    }),
  },
  ...PROOF_MEMBERS,
} as const satisfies Shape;

const CALLER_NAMES = {
  pattern: CALLER_NAME.source,
  refused: REFUSED_CALLER_NAMES,
  title: "a caller's name: letters, digits, - and _, at most 64, not digits alone, and no word such as constructor",
  refusal: "every JavaScript object answers to that",
} as const;

/** The members of `signet.json` that are not a custodian's own, described once: see settings/shape.ts. */
const OWN_MEMBERS = {
  $schema: {
    type: "string",
    title: "a text",
    ...about(
      "Where editors find the schema of this file; `signet init` writes it.",
      "./node_modules/signet-jwt/dist/signet.schema.json",
    ),
  },
  for: {
    type: "array",
    title: "a list of relying parties' names",
    items: { type: "string", enum: PARTY_IDS, title: "a relying party's name, as docs/relying-parties.md has it" },
    ...about(
      "Whom the tokens are for: the default of doctor and of the commands on keys. It decides nothing while tokens are issued; `signet init --for` writes it.",
      ["github-app"],
      { flag: "--for" },
    ),
  },
  issuer: {
    type: "string",
    format: "uri",
    title:
      'an https URL such as "https://issuer.example", without query or fragment (http on localhost; elsewhere with allowInsecureIssuer, --allow-insecure-issuer of init)',
    isRight: isIssuerUrl,
    ...about(
      "The issuer's URL, set as iss. Without it, and without tokens.iss, claims bring their own.",
      "https://issuer.example/tenant",
      {
        variable: "SIGNET_ISSUER",
        flag: "--issuer",
      },
    ),
  },
  allowInsecureIssuer: {
    type: "boolean",
    title: "true or false",
    ...about(
      "True takes an issuer of http beside localhost, as inside a compose network or a cluster: an attacker between it and a verifier can give other keys.",
      true,
      { variable: "SIGNET_ALLOW_INSECURE_ISSUER", flag: "--allow-insecure-issuer", fallback: "false" },
    ),
  },
  algorithm: {
    ...oneOf(ALGORITHM_NAMES),
    default: "ES256",
    ...about("What new keys sign with.", "EdDSA", { variable: "SIGNET_ALGORITHM", flag: "--algorithm" }),
  },
  ed25519Name: {
    ...oneOf(["EdDSA", "Ed25519"]),
    default: "EdDSA",
    ...about("What an Ed25519 key is called in headers and JWKs.", "Ed25519", {
      variable: "SIGNET_ED25519_NAME",
      flag: "--ed25519-name",
    }),
  },
  custody: {
    ...oneOf(CUSTODY_NAMES),
    default: "file",
    ...about("Who holds the private keys.", "kms", { variable: "SIGNET_CUSTODY", flag: "--custody" }),
  },
  aws: {
    ...group(AWS_MEMBERS),
    ...about(`Where the installation is in AWS; needed for ${namesIn(CUSTODIES.filter(({ needsAws }) => needsAws))}.`, {
      installation: "prod",
    }),
  },
  directory: {
    ...text("the path of a directory"),
    default: ".signet",
    ...about("Where keys and documents stand, relative to this file.", "keys", { variable: "SIGNET_DIRECTORY" }),
  },
  passphraseFile: {
    ...text("the path of a file"),
    ...about("A file that holds the passphrase of the key files.", "/run/secrets/passphrase", {
      variable: "SIGNET_PASSPHRASE_FILE",
      flag: "--passphrase-file",
    }),
  },
  limits: { ...group(LIMIT_MEMBERS), filled: true, ...about("What may be issued.", { maxTtlSeconds: 3_600 }) },
  tokens: {
    ...group(TOKEN_MEMBERS),
    ...about(
      "How tokens differ from the usual, for parties that know the issuer by no URL. No caller and no request changes any of it.",
      { iss: "Iv23liAbCdEfGhIjKlMn", iat: 60, kid: false },
    ),
  },
  rotation: { ...group(POLICY_MEMBERS), filled: true, ...about("When keys move.", { rotateEverySeconds: 2_592_000 }) },
  notices: {
    ...group(NOTICE_MEMBERS),
    filled: true,
    ...about("Who is told of each change of a key, for those who cannot follow the JWKS.", { eventBus: "key-events" }),
  },
  decodeHosts: {
    type: "array",
    title: "a list of hosts",
    items: { type: "string", pattern: HOST.source, title: 'a host such as "idp.example.com" or "idp.example.com:8443"' },
    ...about("The hosts from which /decode fetches keys.", ["idp.example.com"], { fallback: "the issuer's own" }),
  },
  callers: {
    type: "object",
    title: "an object",
    names: CALLER_NAMES,
    values: group(CALLER_MEMBERS),
    filled: true,
    ...about("Who may ask for tokens over HTTP, by name; `signet callers` writes them.", {
      web: { limits: { maxTtlSeconds: 300 } },
    }),
  },
} as const satisfies Shape;

/** The members of `signet.json`: with those that custodians bring along, which only they read. */
export const CONFIG_MEMBERS: typeof OWN_MEMBERS = { ...OWN_MEMBERS, ...CUSTODY_MEMBERS };

/** What those have to be of which `allowInsecureIssuer` was given. */
export const INSECURE_CONFIG_MEMBERS: typeof OWN_MEMBERS = {
  ...CONFIG_MEMBERS,
  issuer: { ...OWN_MEMBERS.issuer, isRight: isAnyIssuerUrl },
};

/** A config: complete, with its paths absolute. */
export type Config = Values<typeof OWN_MEMBERS>;

/** Where an installation is in AWS. */
export type AwsConfig = NonNullable<Config["aws"]>;

function instant() {
  return { type: "integer", minimum: 0, unit: "seconds since 1970", title: "a whole number of seconds since 1970" } as const;
}

/**
 * Tells whether a text can be an issuer's URL (OpenID Connect Discovery 1.0 section 3): https, or http on loopback for
 * development; no query, no fragment, no user. It is compared character by character, so it must be in its usual spelling.
 */
function isIssuerUrl(text: string): boolean {
  return isAnyIssuerUrl(text) && !isInsecureUrl(text);
}

/** The same, over http from anywhere. */
function isAnyIssuerUrl(text: string): boolean {
  const url = webUrlOf(text);
  if (url === undefined) return false;
  const { search, hash, username, password, href } = url;
  const isPlain = search === "" && hash === "" && username === "" && password === "" && !/[?#]/.test(text);
  return isPlain && (href === text || href === `${text}/`);
}
