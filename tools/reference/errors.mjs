import { BACKUP_ERRORS } from "./backup-errors.mjs";

/**
 * What each code of src/errors.ts means, and what to do about it. It stands here, because the functions that sign carry errors.ts and
 * show nobody a page; a test holds both to the same codes.
 *
 * @type {readonly { title: string, codes: Readonly<Record<string, readonly [meaning: string, remedy: string]>> }[]}
 */
export const ERROR_GROUPS = [
  {
    title: "The request for a token",
    codes: {
      invalid_request: [
        "A field of the request has a wrong type or value; `field` names it.",
        "Correct that field. `GET /openapi.json` has the schema of every request.",
      ],
      unknown_field: [
        "The request has a field that does not exist, often a misspelt one.",
        "Use the fields that the message lists: a misspelt `ttl` would otherwise be ignored in silence.",
      ],
      invalid_claim: [
        "A claim cannot be signed as it stands: an integer beyond 2^53 - 1, a date that is not a whole number, a value that JSON drops.",
        "Correct the claim that `field` names; send large integers as text.",
      ],
      claim_not_allowed: [
        "The limits do not allow this claim, or this value of it; or `tokens` decides it for every token.",
        "Leave it out, or add it to `allowedClaims` of the caller and of the issuer.",
      ],
      claim_required: ["The limits require a claim that was not given.", "Send the claim that `field` names."],
      audience_not_allowed: [
        "`aud` names an audience that `allowedAudiences` does not allow.",
        "Ask for an audience that is allowed, or extend `allowedAudiences`.",
      ],
      type_not_allowed: [
        "`typ` is neither `JWT` nor one of `allowedTypes`.",
        "Leave `typ` out, or add the type to `allowedTypes`.",
      ],
      ttl_exceeds_limit: [
        "`ttl`, or `exp`, asks for a longer life than `maxTtlSeconds` allows.",
        "Ask for a shorter life, or raise `maxTtlSeconds` and run `signet keys apply`.",
      ],
      expiration_required: ["The token would have no end, which the limits do not allow.", "Send `ttl`, or the claim `exp`."],
      issuer_mismatch: ["`claims.iss` differs from the issuer's own.", "Leave `iss` out: the issuer sets it."],
      request_too_large: [
        "The request, or its claims, are larger than the limit that the message names.",
        "Send fewer claims, or smaller batches.",
      ],
      rate_exceeded: [
        "More was asked for within a minute than is allowed: tokens of a caller, or tries with a wrong secret.",
        "Wait for the seconds that `Retry-After` says, or raise `maxTokensPerMinute`.",
      ],
      invalid_json: ["A text that has to be JSON is not, or is not valid UTF-8.", "Correct the JSON where the message points."],
      duplicate_member: [
        "A JSON object names a member twice, so two readers could see different values.",
        "Keep one of the two.",
      ],
    },
  },
  {
    title: "The caller, and how it asks",
    codes: {
      caller_unknown: [
        "The secret belongs to no caller, or IAM has not authenticated the request; at the console, the page has no session of it.",
        "Send a secret that `signet callers add NAME` has shown; sign requests to the function's URL (SigV4); open the link that `signet console` prints.",
      ],
      caller_expired: ["The caller's secret has expired.", "Make a new one: `signet callers rotate NAME`."],
      caller_secret_missing: [
        "The request carries no secret of a caller, or not in the form that is needed.",
        "Send `Authorization: Bearer signet_...`; at `/token` Basic credentials, or `client_id` and `client_secret`.",
      ],
      proof_refused: [
        "The token that was shown as a proof proves no caller, or more than one; the log says which rule refused it, and why. At the console: the code is not its link's.",
        "`signet callers test NAME -` reads a token and says what does not match; name the caller by `client_id` where several match.",
      ],
      proof_replayed: [
        "A proof that may be used once was used before; at the console, its link was.",
        "Make a new one for each request; it needs a `jti` of its own. Start `signet console` again for another link.",
      ],
      replay_store_full: [
        "There is no room to remember another proof that may be used once, so none is taken.",
        "Try again later; proofs that end sooner free their place sooner.",
      ],
      replay_store_failed: [
        "Whether a proof was used before cannot be known: the disk or the bucket that remembers it failed. Nothing was issued.",
        "The log says what failed: a full or read-only disk, a permission, a bucket that is not there; then try again with a new proof.",
      ],
      caller_exists: [
        "There is a caller of this name.",
        "Choose another name, or `signet callers rotate NAME` for a new secret.",
      ],
      caller_not_allowed: ["The caller's `may` leaves this out.", "Ask as another caller, or add the right to its `may`."],
      caller_missing: ["There is no caller of this name.", "`signet callers list` shows those that there are."],
      issuing_closed: [
        "The issuer has no callers yet, so it issues nothing over HTTP.",
        "`signet callers add NAME` makes the first one.",
      ],
      origin_refused: [
        "In dev mode, or at the console, a request came from another machine, or from another web page.",
        "Ask from this machine under `localhost` or `127.0.0.1`; for others run `signet serve` without `--dev`. The console answers its own page alone.",
      ],
      not_found: [
        "There is nothing under this path, or the document is not published.",
        "`GET /openapi.json` lists the paths; documents appear with the first key, and discovery where the issuer has a URL.",
      ],
      method_not_allowed: ["The path does not take this method.", "Use one that the header `Allow` names."],
      unsupported_media_type: [
        "The body has another media type, or is compressed.",
        "Send the `Content-Type` that the message names, in UTF-8, without `Content-Encoding`.",
      ],
      coding_not_supported: [
        "The request has a transfer coding other than `chunked`.",
        "Send the body with `Content-Length`, or chunked.",
      ],
      grant_not_supported: [
        "`/token` was asked for another grant, or `/authorize` for anything: there is no login.",
        "Send a `grant_type` that `/.well-known/oauth-authorization-server` names to `/token`.",
      ],
      invocation_invalid: [
        "An invocation by the Lambda API is malformed: its function name, qualifier or invocation type.",
        "Correct what the message names.",
      ],
      function_unknown: [
        "No caller has the name of the alias or version that was invoked.",
        "Invoke an alias that a caller names, or add the caller.",
      ],
      not_ready: ["The issuer cannot answer yet, or is busy with other large requests.", "Try again after a few seconds."],
      issuer_unavailable: ["The issuer could not be reached, or answered no token.", "It is asked again; check its URL and log."],
      listen_failed: [
        "The server cannot listen at this address, or cannot read its TLS files.",
        "Choose another port or path, or correct the files, as the message says.",
      ],
    },
  },
  {
    title: "A token that was refused",
    codes: {
      token_malformed: [
        "The text is not a JWT in compact form, or not in canonical base64url.",
        "Send the token as it was issued, whole and unchanged.",
      ],
      token_algorithm_refused: [
        "The token's `alg` is not accepted, or is not that of the key that it names.",
        "Have the token issued anew. `none` and HMAC are never accepted.",
      ],
      token_header_refused: [
        "The header has a parameter that is never accepted, such as `jku`, `jwk` or an unknown `crit`.",
        "Issue tokens without it; the verifier's options can ignore `jku`, `x5u` and `x5c`.",
      ],
      token_key_unknown: [
        "The token names a key that the issuer does not publish.",
        "Check that it comes from this issuer, and that its key was not revoked.",
      ],
      token_kid_missing: ["The token names no key, and the issuer publishes several.", "Issue tokens with a `kid`."],
      token_signature_invalid: [
        "The signature does not belong to the token and the issuer's key.",
        "Do not trust the token: it was changed, or another key signed it.",
      ],
      token_claims_malformed: [
        "A registered claim has a wrong type, such as an `exp` that is a text, or an integer is beyond 2^53.",
        "Correct it where the token is issued; name claims with large integers in the verifier's `integersAsText`.",
      ],
      token_expired: ["`exp` has passed.", "Get a new token."],
      token_expiration_missing: [
        "The token has no `exp`.",
        "Issue tokens with an end, or set `requireExpiration: false` in the verifier.",
      ],
      token_not_yet_valid: ["`nbf` lies in the future.", "Wait until then, or compare the clocks."],
      token_issued_in_future: ["`iat` lies in the future.", "Compare the clocks of issuer and verifier."],
      token_issuer_refused: [
        "`iss` is not an issuer that is accepted here.",
        "Send a token of that issuer, or add the issuer to the verifier.",
      ],
      token_audience_refused: ["`aud` names no audience that is accepted here.", "Ask for a token with the right `aud`."],
      token_type_refused: [
        "`typ` is not a type that is accepted here.",
        "Send a token of that type: an access token has `at+jwt`, for example.",
      ],
      token_claim_missing: ["A claim that the verifier requires is missing.", "Ask for a token that has it."],
      token_claim_refused: [
        "A claim does not say what the verifier's `claims` ask for.",
        'Ask for a token that does: an access token instead of an ID token where `{"token_use": "access"}` is asked for.',
      ],
      token_too_old: [
        "The token was issued longer ago than `maxAgeSeconds`, or does not say when.",
        "Get a new token, with `iat`.",
      ],
      token_scope_missing: ["The token is good, but lacks a scope that is required here.", "Ask for a token with that scope."],
    },
  },
  {
    title: "Keys and algorithms",
    codes: {
      jwks_unavailable: ["The issuer's keys could not be fetched.", "Check its URL and the network; another try may succeed."],
      jwks_misconfigured: [
        "The issuer's keys cannot be fetched or used until what leads to them is corrected: a wrong URL (404), another issuer's discovery, a certificate, RSA keys that name no algorithm.",
        "Correct what the message names, at the issuer or in the verifier's options; `bearerGuard` answers 500.",
      ],
      jwks_url_refused: [
        "No keys are fetched from this URL: its host is not on the list, or leads to a private address.",
        "Add the host to `decodeHosts`, or name another one.",
      ],
      issuer_unsound: ["`signet doctor` has found that the issuer breaks a rule.", "Correct what it lists."],
      access_unexpected: ["`signet audit access` has found others who may, or could not judge all.", "Do what it says of each."],
      unsupported_algorithm: ["Signet, or this custody, does not have the algorithm.", "Choose one that the message names."],
      algorithm_unavailable: [
        "This version of Node does not have the algorithm.",
        "Run the version of Node that the message names.",
      ],
      invalid_key: [
        "A key is not what it must be: damaged, of another type, or with two halves that differ.",
        "Export the key again, in a form that the message names.",
      ],
      key_too_weak: ["An RSA key has fewer than 2,048 bits, or an unsafe exponent.", "Make a stronger key."],
      key_mismatch: [
        "The private part is that of another key than the published one.",
        "Put the right private part back. `signet keys tick` says which key is meant.",
      ],
      key_not_found: [
        "There is no key, parameter, secret or file of this name, or it may not be read.",
        "Check name, region and rights.",
      ],
      key_not_in_memory: [
        "`issueSync` was called with a key that signs elsewhere (KMS, a program), or that was not read yet.",
        "Use `await issue(...)`.",
      ],
      passphrase_required: [
        "The key files are encrypted, and no passphrase was given.",
        "Set `SIGNET_PASSPHRASE`, or `passphraseFile`.",
      ],
      passphrase_wrong: ["The passphrase does not open the key files.", "Give the passphrase that they were encrypted with."],
    },
  },
  {
    title: "The keyring, its stores and its managers",
    codes: {
      keyring_damaged: [
        "The keyring, or its audit log, is not what a manager wrote.",
        "Restore it from a backup; do not delete it.",
      ],
      keyring_version: ["A newer Signet wrote the keyring.", "Use that version on every machine that shares the keyring."],
      keyring_missing: [
        "There is a config, but its keyring is not there.",
        "Mount or restore it; `signet init` makes a new issuer where there never was one.",
      ],
      keyring_conflict: ["Another manager has changed the keyring meanwhile; nothing was written.", "Look again, and try again."],
      active_document_damaged: [
        "The document that names the key that signs cannot be read.",
        "Move it away; `signet keys repair --yes` writes it again.",
      ],
      sequence_taken: [
        "Another active document stands in the place that was to be written.",
        "Run `signet keys tick`: it takes the next place.",
      ],
      no_active_key: [
        "No key signs, or none that can be opened here.",
        "Where the keyring is there, `signet keys tick` lets one sign, or says what it waits for. Else mount or restore what should be there; `signet init` makes a new issuer.",
      ],
      active_key_stale: [
        "The key that signs was not confirmed for `activeKeyMaxAgeSeconds`, so nothing is signed.",
        "Make the active document readable again: rights, network, disk.",
      ],
      lease_held: [
        "Another manager is changing keys.",
        "Try again at the time that the message names; `signet keys unlock` shows who it is.",
      ],
      lease_lost: ["Another manager has taken over meanwhile.", "`signet keys tick` shows where it stands, and goes on."],
      store_locked: [
        "Another process works on the same files.",
        "Try again when it has ended; `signet keys unlock` shows who it is.",
      ],
      store_insecure: [
        "Other users can read or write a file that has to be private.",
        "Run the `chmod` or `chown` that the message names.",
      ],
      store_failed: [
        "A file, parameter or object could not be read or written.",
        "The message names it and the reason: rights, space, path.",
      ],
      custodian_failed: [
        "The program that keeps the keys failed, was killed at its time limit, or answered something else than its protocol says.",
        "The message has what it wrote to stderr. docs/custodians-command.md has the protocol.",
      ],
      plan_refused: [
        "What was asked would break verifiers, or cannot be kept.",
        "The message says what is in the way, and from when on it is possible.",
      ],
      publication_unconfirmed: [
        "Something was written, but not read back yet.",
        "Nothing relies on it. The next tick looks again.",
      ],
      clock_untrusted: ["This machine's clock is wrong, set back, or behind a backup.", "Set the clock (NTP), then try again."],
      notice_failed: ["The webhook did not take a notice.", "Check its URL and its answer; each tick tries again."],
    },
  },
  BACKUP_ERRORS,
  {
    title: "AWS",
    codes: {
      aws_access_denied: [
        "AWS denies the call.",
        "Allow the action that the message names, in the role's policy and in that of the key or bucket.",
      ],
      aws_credentials: [
        "There are no AWS credentials, or AWS does not take them.",
        "Log in, or set `AWS_PROFILE` or the access keys: [where they are looked for](configuration.md#aws-region-endpoints-credentials).",
      ],
      aws_not_found: [
        "A key, bucket, parameter or secret is not there, in this region and account.",
        "Check name, region and account.",
      ],
      aws_refused: ["AWS refuses the call for another reason, which the message names.", "Correct what it says."],
      aws_throttled: ["AWS answered too often that there were too many requests.", "Try again later, or have the quota raised."],
      aws_unavailable: [
        "AWS could not be reached in time, or answered with a failure of its own, or with a list that does not end.",
        "Try again; check network, region and endpoint.",
      ],
      key_unusable: [
        "A KMS key is disabled, about to be deleted, or of another kind.",
        "Enable it, or cancel its deletion, with the command that the message names.",
      ],
      signature_unproven: [
        "KMS answered signatures that the public key refuses; no token was issued.",
        "Try again; if it stays, check that the key was not replaced.",
      ],
      deploy_failed: ["CloudFormation refused or rolled back a change.", "Correct what its message names, and deploy again."],
    },
  },
  {
    title: "Configuration and the command line",
    codes: {
      config_missing: [
        "There is no config file, in this folder or one above that is yours.",
        "`signet init` makes one; `--config FILE` names another one.",
      ],
      config_invalid: ["A setting is unknown or wrong; `field` names it.", "Correct it: see [configuration](configuration.md)."],
      config_exists: ["There is an issuer here already.", "Use it, or choose another folder."],
      output_failed: [
        "What can be shown only once was not read by anybody.",
        "Follow the message: it names the command that makes it anew.",
      ],
      usage: ["The command line is not one that the command takes.", "`signet help COMMAND` shows what it takes."],
      internal: [
        "Something unexpected failed; its details are in the log alone.",
        "Look at the log. `SIGNET_DEBUG=1` shows where it happened.",
      ],
    },
  },
];
