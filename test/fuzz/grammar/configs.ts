import fc from "fast-check";
import { CONFIG_MEMBERS } from "../../../src/config/schema.js";
import { membersIn } from "../../../src/settings/shape.js";
import { changed, damaged } from "./changes.js";
import { proofMembers } from "./rules.js";
import { INHERITED, ISSUER, json, likely, name, number, text } from "./words.js";

const seconds = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 100_000 }) }, number);
const names = fc.array(fc.oneof(fc.constantFrom("sub", "aud", "exp", "tenant"), text), { maxLength: 3 });
const limits = likely({
  maxTtlSeconds: seconds,
  defaultTtlSeconds: fc.oneof(seconds, fc.constant(null)),
  requireExpiration: fc.boolean(),
  fixedClaims: fc.dictionary(name, json, { maxKeys: 2 }),
  allowedClaims: names,
  requiredClaims: names,
  allowedAudiences: names,
  allowedTypes: names,
  maxTokensPerMinute: seconds,
});
const tokens = likely({
  iss: fc.oneof(fc.constantFrom("12345", "ACCOUNT.USER.{fingerprint}"), text),
  iat: fc.oneof(fc.integer({ min: 0, max: 300 }), number),
  jti: fc.boolean(),
  exp: fc.boolean(),
  kid: fc.boolean(),
  kids: fc.dictionary(fc.oneof(fc.constant("A".repeat(43)), name), fc.oneof(fc.constant("ABC"), text), { maxKeys: 2 }),
  certificates: fc.dictionary(name, fc.oneof(fc.constant("A".repeat(43)), text), { maxKeys: 2 }),
});
const rotation = likely({
  rotateEverySeconds: fc.oneof(fc.constant(0), seconds),
  byUpload: fc.boolean(),
  publishAheadSeconds: fc.oneof(fc.constant(86_400), seconds),
  activeKeyMaxAgeSeconds: seconds,
  clockSkewSeconds: seconds,
});
const caller = likely({
  ...proofMembers,
  limits,
  secrets: fc.array(likely({ sha256: fc.constant("a".repeat(64)), createdAt: seconds, expiresAt: seconds }), { maxLength: 2 }),
});
const callers = fc.dictionary(fc.oneof(fc.constantFrom("web", "chat", "7", ...INHERITED), name), caller, { maxKeys: 3 });

/** What `signet.json` may hold: nearly right, with unknown and inherited names in whatever depth. */
export const config: fc.Arbitrary<unknown> = changed(
  likely({
    issuer: fc.oneof(fc.constant(ISSUER), text),
    algorithm: fc.oneof(fc.constantFrom("ES256", "EdDSA"), text),
    ed25519Name: fc.constantFrom("EdDSA", "Ed25519"),
    custody: fc.constantFrom("file", "kms", "kms-data-key", "parameter-store", "command"),
    directory: text,
    passphraseFile: text,
    limits,
    tokens,
    rotation,
    callers,
    notices: likely({ webhook: fc.constant("https://hook.example/"), webhookSecretFile: text, eventBus: text }),
    decodeHosts: fc.array(fc.oneof(fc.constant("idp.example"), text), { maxLength: 3 }),
    aws: likely({
      installation: fc.constant("prod"),
      region: fc.constant("eu-central-1"),
      kmsKey: text,
      keyring: fc.constant("s3://keys/a"),
    }),
    command: likely({ program: text, arguments: names }),
  }),
);

/** Its text, as people and tools leave it. */
export const configText: fc.Arbitrary<string> = damaged(
  fc.tuple(config, fc.constantFrom(0, 2)).map(([value, indent]) => JSON.stringify(value, null, indent)),
);

const variables = [
  ...membersIn(CONFIG_MEMBERS).flatMap(({ member }) => member.variable ?? []),
  "SIGNET_LIMITS",
  "SIGNET_TOKENS",
  "SIGNET_ISSUE",
  "AWS_REGION",
];
/** Variables that stand over it. */
export const environment = fc.dictionary(fc.constantFrom(...variables), fc.oneof(text, fc.constantFrom("60", "1e9", ISSUER)), {
  maxKeys: 2,
});

/** What flags have set. */
export const flags = fc.record({ rotation, limits, algorithm: text, aws: json }, { requiredKeys: [] });

/** Variables that hold lists. */
const LISTS = "SCOPES CLAIMS TYPES KEY_ALGORITHMS CLIENT_IDS IGNORED_HEADERS INTEGERS_AS_TEXT TOKEN_HEADER TOKEN_QUERY"
  .split(" ")
  .map((each) => `SIGNET_${each}`);
const jsonText = (value: fc.Arbitrary<unknown>) => damaged(changed(value).map((each) => JSON.stringify(each)));
/** The variables of the functions. */
export const functionVariables = fc
  .record({
    SIGNET_INSTALLATION: fc.oneof(fc.constant("a"), text),
    SIGNET_KEYRING: fc.oneof({ weight: 3, arbitrary: fc.constant("s3://a/b") }, text),
    SIGNET_ISSUER: fc.oneof(fc.constantFrom(ISSUER, `${ISSUER},https://other.example`), text),
    SIGNET_AUDIENCE: fc.oneof(fc.constantFrom("api", "*", ","), text),
    SIGNET_JWKS_URL: fc.oneof(fc.constantFrom("http://127.0.0.1:9/jwks", '{"a":"http://127.0.0.1:9/jwks"}', '{"a":'), name),
    ...Object.fromEntries(LISTS.map((each) => [each, fc.oneof(fc.constantFrom("a", "a,b", ",", "*"), text)])),
    SIGNET_EXACT_CLAIMS: jsonText(fc.dictionary(name, fc.oneof(text, number, fc.boolean(), names), { maxKeys: 2 })),
    SIGNET_LIMITS: jsonText(limits),
    SIGNET_TOKENS: jsonText(tokens),
    SIGNET_CALLERS: jsonText(callers),
    SIGNET_ROTATION: jsonText(rotation),
    SIGNET_ROUTES: jsonText(
      fc.dictionary(fc.oneof(fc.constantFrom("GET /a", "* /{x}", "$connect"), name), fc.oneof(text, names), { maxKeys: 3 }),
    ),
    SIGNET_ROTATE_EVERY_DAYS: fc.constantFrom("90", "-1", "1e3"),
    SIGNET_ALGORITHM: fc.oneof(fc.constant("ES256"), text),
    SIGNET_CUSTODY: fc.oneof(fc.constant("kms"), text),
    SIGNET_ACTIVE_KEY_MAX_AGE_SECONDS: fc.constantFrom("60", "0", "9".repeat(12)),
    SIGNET_DECODE_HOSTS: fc.oneof(fc.constant("idp.example"), text),
    SIGNET_SCOPE: text,
  })
  .chain((all) =>
    fc.subarray(Object.keys(all)).map((kept) => Object.fromEntries(Object.entries(all).filter(([each]) => kept.includes(each)))),
  );
