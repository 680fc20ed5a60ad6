/**
 * The `SIGNET_` variables that set no member of signet.json: what reads each, and what for. A test holds these lists to the source.
 *
 * @typedef {{ meaning: string, example: string, fallback?: string }} Variable
 */

/** Of the command, the server and the library. @type {Readonly<Record<string, Variable>>} */
export const COMMAND_VARIABLES = {
  SIGNET_CONFIG: {
    meaning: "The config file, or its folder; `--config` overrides it.",
    example: "/etc/signet/signet.json",
    fallback: "`signet.json`; the command looks in the folders above too",
  },
  SIGNET_PASSPHRASE: {
    meaning: "The passphrase of the key files; it overrides `passphraseFile`.",
    example: "correct horse battery staple",
  },
  SIGNET_WEBHOOK_SECRET: {
    meaning: "The secret that notices to the webhook are signed with; it overrides `notices.webhookSecretFile`.",
    example: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  },
  SIGNET_DEBUG: { meaning: "`1` shows where something unexpected failed.", example: "1" },
};

/** Of the Lambda functions: i the issuer, m the key manager, a the authorizer, d the decoder, t the function of `POST /token`. @type {Readonly<Record<string, Variable & { of: string }>>} */
export const FUNCTION_VARIABLES = {
  SIGNET_INSTALLATION: { of: "im", meaning: "The installation's name: `aws.installation`. It has to be set.", example: "prod" },
  SIGNET_KEYRING: {
    of: "m",
    meaning: "Where keyring, audit log and public documents are: `aws.keyring`. It has to be set.",
    example: "s3://my-bucket/signet",
  },
  SIGNET_ISSUER: {
    of: "imadt",
    meaning:
      "The issuer's URL. The issuer leaves `iss` to the claims without it; the authorizer needs it, exactly as in `iss`, several with commas.",
    example: "https://issuer.example",
  },
  SIGNET_LIMITS: {
    of: "imt",
    meaning: "`limits`, as JSON.",
    example: '{"maxTtlSeconds":3600}',
    fallback: "the defaults of `limits`",
  },
  SIGNET_TOKENS: {
    of: "im",
    meaning: "`tokens`, as JSON. With its `iss`, `SIGNET_ISSUER` only says where the API is.",
    example: '{"iss":"Iv23liAbCdEfGhIjKlMn","iat":60,"kid":false}',
    fallback: "none",
  },
  SIGNET_CALLERS: {
    of: "it",
    meaning: "Callers by the name of their alias, as JSON.",
    example: '{"chat":{"limits":{"allowedAudiences":["chat"]}}}',
    fallback: "none",
  },
  SIGNET_ACTIVE_KEY_MAX_AGE_SECONDS: {
    of: "i",
    meaning: "`rotation.activeKeyMaxAgeSeconds`, in seconds; never more than the policy has.",
    example: "1800",
    fallback: "`3600`",
  },
  SIGNET_HTTP: { of: "i", meaning: "`true` answers events of API Gateway and function URLs.", example: "true", fallback: "no" },
  SIGNET_METRICS: { of: "im", meaning: "`true` writes CloudWatch metrics to the log.", example: "true", fallback: "no" },
  SIGNET_STACK_ID: {
    of: "m",
    meaning: "The ARN of the stack whose custom resource the function is; it answers no other.",
    example: "arn:aws:cloudformation:eu-central-1:111122223333:stack/tokens/5f2e7c10",
  },
  SIGNET_CUSTODY: { of: "m", meaning: "Who holds the next keys.", example: "kms", fallback: "`parameter-store`" },
  SIGNET_ALGORITHM: { of: "m", meaning: "What the next keys sign with.", example: "RS256", fallback: "`ES256`" },
  SIGNET_KMS_KEY: { of: "m", meaning: "The KMS key that wraps private keys, or encrypts them at rest.", example: "alias/tokens" },
  SIGNET_WRAPPING_KEY: {
    of: "m",
    meaning: "The KMS key that wraps, where it is another one.",
    example: "alias/wrapping",
    fallback: "`SIGNET_KMS_KEY`",
  },
  SIGNET_KEY_POLICY: {
    of: "m",
    meaning: "The policy of KMS keys that are made, as JSON.",
    example: '{"Version":"2012-10-17", ...}',
    fallback: "KMS's own",
  },
  SIGNET_ROTATION: {
    of: "m",
    meaning: "`rotation`, as JSON.",
    example: '{"clockSkewSeconds":60}',
    fallback: "the defaults of `rotation`",
  },
  SIGNET_ROTATE_EVERY_DAYS: { of: "m", meaning: "Stands over `rotateEverySeconds`, in days; 0 means by hand.", example: "30" },
  SIGNET_WEBHOOK: { of: "m", meaning: "A URL that gets each notice: `notices.webhook`.", example: "https://hooks.example/keys" },
  SIGNET_WEBHOOK_SECRET: {
    of: "m",
    meaning: "The secret that notices are signed with; `ssm:/NAME` names a parameter.",
    example: "ssm:/signet/webhook-secret",
  },
  SIGNET_EVENT_BUS: { of: "m", meaning: "An event bus that gets each notice: `notices.eventBus`.", example: "key-events" },
  SIGNET_AUDIENCE: {
    of: "a",
    meaning: "Who tokens must be for, several with commas; `*` takes every token. It, or `SIGNET_CLIENT_IDS`, has to be set.",
    example: "https://api.example",
  },
  SIGNET_CLIENT_IDS: {
    of: "a",
    meaning: "The clients whose tokens are taken where they have no `aud`, by `client_id`, with commas.",
    example: "7lhlkkfbfb4q5kpp90urffao",
  },
  SIGNET_JWKS_URL: {
    of: "at",
    meaning: "Where the keys are, for an issuer without discovery, or whose `iss` is no URL; of several issuers as JSON.",
    example: "https://issuer.example/keys.json",
    fallback: "discovery says it",
  },
  SIGNET_ALLOW_INSECURE_ISSUER: {
    of: "a",
    meaning:
      "`true` takes issuers of http, as inside a cluster: an attacker on the way can give other keys, and sign what is then taken for their tokens.",
    example: "true",
    fallback: "`false`",
  },
  SIGNET_SCOPES: { of: "a", meaning: "Scopes that every token must have, with commas.", example: "orders:read" },
  SIGNET_EXACT_CLAIMS: {
    of: "a",
    meaning: "What claims must say, as JSON; a list where one of several values will do.",
    example: '{"token_use":"access"}',
  },
  SIGNET_TYPES: {
    of: "a",
    meaning: "The `typ` that tokens may have, with commas; `*` takes any.",
    example: "at+jwt",
    fallback: "`JWT`, `at+jwt` or none",
  },
  SIGNET_KEY_ALGORITHMS: {
    of: "a",
    meaning: "The algorithms that are taken, with commas; needed where RSA keys do not name theirs.",
    example: "RS256",
    fallback: "the keys' own",
  },
  SIGNET_IGNORED_HEADERS: {
    of: "a",
    meaning: "What is passed over in a token's header instead of refused: of `jku`, `x5u`, `x5c`.",
    example: "x5c",
  },
  SIGNET_INTEGERS_AS_TEXT: {
    of: "a",
    meaning: "The claims whose integers are handed on as texts, whatever their size, with commas.",
    example: "uid",
  },
  SIGNET_ROUTES: {
    of: "a",
    meaning: "The scopes of each route, as JSON; what no rule names is refused.",
    example: '{"GET /orders/{id}":"orders:read","* /health":[]}',
    fallback: "every route takes a token",
  },
  SIGNET_CLAIMS: {
    of: "a",
    meaning: "The claims that are handed on, with commas.",
    example: "sub,tenant",
    fallback: "all that can be",
  },
  SIGNET_TOKEN_HEADER: {
    of: "a",
    meaning: "The header that has the token; among an HTTP API's identity sources it is found by itself.",
    example: "X-Access-Token",
    fallback: "`Authorization`",
  },
  SIGNET_TOKEN_QUERY: { of: "a", meaning: "The query parameter that may hold the token.", example: "token" },
  SIGNET_AUTHORIZER_RESPONSE: {
    of: "a",
    meaning: "`policy` answers a policy, for an HTTP API without simple responses.",
    example: "policy",
  },
  SIGNET_ISSUER_FUNCTION: {
    of: "t",
    meaning: "The ARN of the issuer's function, without an alias. It has to be set.",
    example: "arn:aws:lambda:eu-central-1:111122223333:function:signet",
  },
  SIGNET_USED_PROOFS: {
    of: "t",
    meaning: "The bucket, without versions, that remembers which proofs were used. It has to be set.",
    example: "my-used-proofs",
  },
  SIGNET_TOKEN_ROUTE: {
    of: "m",
    meaning: "`true` says in the metadata where clients get tokens (`POST /token`).",
    example: "true",
    fallback: "`false`",
  },
  SIGNET_DECODE_HOSTS: {
    of: "d",
    meaning: "The hosts that keys are fetched from, with commas.",
    example: "idp.example.com",
    fallback: "that of `SIGNET_ISSUER`",
  },
};
