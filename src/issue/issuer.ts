import type { Signer } from "../custody/contract.js";
import { A_FUNCTION, A_TEXT, type OptionCheck, type OptionChecks, readOptions } from "../encoding/options.js";
import { type ErrorCode, INTERNAL_DETAIL, isSignetError, SignetError, statusOf } from "../errors.js";
import type { Limits, OwnLimits } from "../settings/limits.js";
import { assertOneIss, readTokens, type Tokens } from "../settings/tokens.js";
import type { FixedClaims, ProvenClaims } from "./fixed-claims.js";
import { type RateCheck, rateLimit } from "./rate.js";
import { type IssueRequest, MAX_REQUESTS } from "./request.js";
import { type Asked, tokenMaker } from "./token-maker.js";

/** The key that signs now, and what it may sign. */
export interface SigningKey {
  readonly signer: Signer;
  /** The longest life, in seconds, of a token of this key. */
  readonly maxTtlSeconds: number;
  /** False where nothing that is in force allows tokens without `exp`, whatever the issuer's limits say. */
  readonly endless?: boolean | undefined;
}

/** Answers the key to sign with; a promise only where it has to be read first. */
export interface SigningKeySource {
  /** @param now the present as NumericDate in whole seconds */
  current(now: number): SigningKey | Promise<SigningKey>;
  /** Reads anew which key is active, after it could not sign. */
  refresh?(): Promise<void>;
}

/** What an issuer is made of. */
export interface IssuerOptions {
  /** One signer for good, or a source that follows rotations (`openActiveKey` of `signet-jwt/custody`). */
  readonly signer: Signer | SigningKeySource;
  /** The issuer's URL, set as `iss`; absent leaves `iss` to `tokens.iss`, or else to the claims. */
  readonly issuer?: string | undefined;
  /** What may be issued; members left out have their defaults (a day at most, 15 minutes when nothing is asked, no token without end). */
  readonly limits?: OwnLimits | undefined;
  /**
   * How the tokens differ from the usual, for parties that know the issuer by no URL: `iss` instead of `issuer` (a text, in which
   * `{fingerprint}` stands for the key's); `iat` in every token, so many seconds back (0 to 300); `jti: true` in every token; `exp: false` and
   * `kid: false` leave these out; `certificates` by kid, for the header's `x5t#S256`. No request changes any of it.
   */
  readonly tokens?: Tokens | undefined;
  /** Tells whether a text is the name of another caller than the one that this issuer serves: no client_id or azp may say it. */
  readonly isOtherCaller?: ((name: string) => boolean) | undefined;
  /** Holds the rate instead of the limits' own `maxTokensPerMinute`, where several issuers share one. */
  readonly rate?: RateCheck | undefined;
  /** The present as NumericDate in whole seconds. */
  readonly clock?: (() => number) | undefined;
  /** Answers a random UUID (version 4) for `jti`. */
  readonly uuid?: (() => string) | undefined;
}

/** A token that was issued: a JWT in compact form (RFC 7519). */
export interface IssuedToken {
  readonly token: string;
}

/** One outcome of a batch. */
export type BatchResult =
  | IssuedToken
  | { readonly error: { readonly code: ErrorCode; readonly message: string; readonly field?: string } };

/** An issuer: it signs what its limits allow, with the one key that is active. */
export interface Issuer {
  /**
   * Issues a token.
   *
   * @returns a promise, always: it is rejected with a SignetError whose code names the cause, and then nothing was issued
   */
  issue(request: IssueRequest): Promise<IssuedToken>;
  /**
   * Issues a token at once, where the key is in this process's memory: its custodian has handed it out.
   *
   * @throws SignetError what `issue` is rejected with; `key_not_in_memory` where its custodian signs by itself, as KMS does, or it was not
   *   read yet: `await issue(...)` does both
   */
  issueSync(request: IssueRequest): IssuedToken;
  /**
   * Issues up to 1,000 tokens. Answers are in the order of the requests; a request that is refused does not stop the others.
   *
   * @returns a promise; it is rejected with `invalid_request` where `requests` is not a list of at most 1,000
   */
  issueMany(requests: readonly IssueRequest[]): Promise<readonly BatchResult[]>;
}

/** @internal An issuer as the server and the functions use it: it answers a promise only where the signer, or the reading of its key, does. */
export interface ImmediateIssuer {
  /**
   * Throws a SignetError, or answers a promise that is rejected with it.
   *
   * @param checkKey is shown the key, or its reading, before anything is signed; what it throws is thrown
   */
  issue(request: IssueRequest, checkKey?: (key: SigningKey | Promise<SigningKey>) => void): IssuedToken | Promise<IssuedToken>;
  issueMany(requests: readonly IssueRequest[]): Promise<readonly BatchResult[]>;
  /** Throws what `issue` would throw before it signs, or answers a promise that is rejected with it. Nothing is signed or counted. */
  check(request: IssueRequest): void | Promise<void>;
}

/** @internal An issuer whose tokens may get claims that a proof gives. */
export interface ProvableIssuer extends ImmediateIssuer {
  /** The same issuer, with its rate, and with claims that one proof gives beside, or instead of, its fixed ones. */
  withProven(proven: ProvenClaims): ImmediateIssuer;
}

/**
 * Makes an issuer. Options are checked once, here.
 *
 * @example
 * ```ts
 * import { generateKeyPairSync } from "node:crypto";
 * import { createIssuer, localSigner } from "signet-jwt";
 *
 * const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
 * const signer = localSigner({ privateKey, alg: "ES256" });
 * const issuer = createIssuer({ signer, issuer: "https://issuer.example", limits: { maxTtlSeconds: 3_600 } });
 * const { token } = await issuer.issue({ claims: { sub: "alice", aud: "api" }, ttl: 600 });
 * console.log(token.split(".").length); // 3
 * ```
 *
 * @throws SignetError `config_invalid` for an option, or a limit, that is unknown or not what it must be
 */
export function createIssuer(options: IssuerOptions): Issuer {
  return issuerOver(createImmediateIssuer(options, new Set(), checkedTokens));
}

// What a config or a variable says was checked where it was read.
function checkedTokens({ issuer, tokens: given }: IssuerOptions): Tokens {
  const tokens = readTokens(given);
  assertOneIss(tokens, issuer, "issuer and tokens.iss");
  return tokens;
}

/** @internal The issuer that programs have, over one that answers at once where it can. */
export function issuerOver({ issue, issueMany }: ImmediateIssuer): Issuer {
  return Object.freeze({
    issue: async (request: IssueRequest) => issue(request),
    issueSync(request: IssueRequest) {
      const answer = issue(request, assertInMemory);
      if (answer instanceof Promise) throw notInMemory(answer);
      return answer;
    },
    issueMany,
  });
}

// Before anything is signed: a service would be paid for a signature that is thrown away.
function assertInMemory(key: SigningKey | Promise<SigningKey>): void {
  if (key instanceof Promise) throw notInMemory(key);
  if (key.signer.isRemote) throw notInMemory();
}

function notInMemory(pending?: Promise<unknown>): SignetError {
  // Handled here: a rejection that is left alone ends the process.
  pending?.catch(() => undefined);
  return new SignetError(
    "key_not_in_memory",
    "issueSync() needs a key in this process's memory, and this one signs elsewhere or was not read yet: use `await issue()`",
  );
}

/**
 * Makes an issuer that answers at once where it can. Options are checked once, here.
 *
 * @internal
 * @param reserved claims that tokens get from proofs alone: no request may say them
 * @param tokensOf reads `tokens` of the options, where they were not checked before
 * @throws SignetError `config_invalid` for an option, or a limit, that is unknown or not what it must be
 */
export function createImmediateIssuer(
  given: IssuerOptions,
  reserved: ReadonlySet<string> = new Set(),
  tokensOf = ({ tokens = {} }: IssuerOptions): Tokens => tokens,
): ProvableIssuer {
  const options = readOptions(given, "createIssuer", OPTIONS);
  const { checkRequest, limits, fixed, inputOf } = tokenMaker({ ...options, tokens: tokensOf(options) }, reserved);
  const clock = options.clock ?? presentSeconds;
  const source = sourceOf(options.signer);
  const checkRate = options.rate ?? rateOf(limits);

  function issuing(fixedNow: () => FixedClaims): ImmediateIssuer {
    const issue: ImmediateIssuer["issue"] = (value, checkKey) => {
      const request = checkRequest(value);
      // One reading of the clock decides whether the key may be used, and sets iat and exp.
      const now = checkedTime(clock());
      const key = source.current(now);
      checkKey?.(key);
      const asked = { request, now, fixed: fixedNow };
      return key instanceof Promise ? key.then((opened) => issueWith(opened, asked)) : issueWith(key, asked);
    };
    const check: ImmediateIssuer["check"] = (value) => {
      const asked = { request: checkRequest(value), now: checkedTime(clock()), fixed: fixedNow };
      const judge = (key: SigningKey): void => {
        inputOf(key, asked);
        checkRate?.(asked.now, true);
      };
      const key = source.current(asked.now);
      return key instanceof Promise ? key.then(judge) : judge(key);
    };
    return { issue, check, issueMany: (requests) => issueEach(issue, requests) };
  }

  function issueWith(key: SigningKey, asked: Asked): IssuedToken | Promise<IssuedToken> {
    const input = inputOf(key, asked);
    checkRate?.(asked.now);
    const signature = key.signer.sign(input);
    if (signature instanceof Promise) {
      return signature.then(
        (bytes) => tokenOf(input, bytes),
        (error: unknown) => issueAgain(error, asked),
      );
    }
    return tokenOf(input, signature);
  }

  // A key that was disabled may have been succeeded meanwhile.
  async function issueAgain(error: unknown, asked: Asked): Promise<IssuedToken> {
    if (!isSignetError(error, "key_unusable", "aws_not_found") || source.refresh === undefined) throw error;
    await source.refresh();
    const key = await source.current(asked.now);
    const input = inputOf(key, asked);
    return tokenOf(input, await key.signer.sign(input));
  }

  return Object.freeze({
    ...issuing(fixed.unproven),
    withProven(proven: ProvenClaims) {
      const withThem = fixed.proven(proven);
      return issuing(() => withThem);
    },
  });
}

function rateOf({ maxTokensPerMinute }: Limits): RateCheck | undefined {
  return maxTokensPerMinute === undefined ? undefined : rateLimit(maxTokensPerMinute);
}

/** So many tokens of a batch are made at a time: each that waits for KMS holds a connection and the memory for it. */
const MAX_AT_ONCE = 32;

async function issueEach(issue: ImmediateIssuer["issue"], requests: readonly IssueRequest[]): Promise<readonly BatchResult[]> {
  if (!Array.isArray(requests) || requests.length > MAX_REQUESTS) {
    throw new SignetError("invalid_request", `requests must be a list of at most ${MAX_REQUESTS}`, { field: "requests" });
  }
  const { length } = requests;
  const results: BatchResult[] = [];
  let next = 0;
  // Each takes the next request as soon as its last one is answered: a slow signature keeps only itself waiting.
  const work = async (): Promise<void> => {
    while (next < length) {
      const at = next++;
      // Also what a list has left out is answered.
      const result = settled(() => issue(requests[at] as IssueRequest));
      results[at] = result instanceof Promise ? await result : result;
    }
  };
  await Promise.all(Array.from({ length: MAX_AT_ONCE }, work));
  return results;
}

const SIGNER: OptionCheck = ["a signer: what localSigner makes, for example", isSigner];
const OPTIONS: OptionChecks<IssuerOptions> = {
  signer: SIGNER,
  issuer: A_TEXT,
  limits: null,
  tokens: null,
  isOtherCaller: A_FUNCTION,
  rate: A_FUNCTION,
  clock: A_FUNCTION,
  uuid: A_FUNCTION,
};

/** The end of the year 9999, the last one of many languages' dates. */
const LAST_SECOND = 253_402_300_799;

/** @internal The present as NumericDate in whole seconds. */
export function presentSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}

/** @internal The time that a clock gave. What is larger is milliseconds by mistake: a token would live for thousands of years. */
export function checkedTime(now: number): number {
  if (Number.isSafeInteger(now) && now >= 0 && now <= LAST_SECOND) return now;
  throw new SignetError("clock_untrusted", "the issuer's clock gives no whole number of seconds since 1970");
}

function isSigner(value: unknown): boolean {
  const { sign, current, kid, alg } = (value ?? {}) as Partial<Signer & SigningKeySource>;
  if (typeof current === "function") return true;
  return typeof sign === "function" && typeof kid === "string" && typeof alg === "string";
}

function sourceOf(signer: Signer | SigningKeySource): SigningKeySource {
  if (signer === undefined) throw new SignetError("config_invalid", `signer must be ${SIGNER[0]}`, { field: "signer" });
  if ("current" in signer) return signer;
  const key = { signer, maxTtlSeconds: Number.MAX_SAFE_INTEGER };
  return { current: () => key };
}

// A signer may be a program's own.
function tokenOf(input: string, signature: Uint8Array): IssuedToken {
  if (!(signature instanceof Uint8Array) || signature.length === 0) {
    throw new SignetError("custodian_failed", "the signer must answer the bytes of a signature, or a promise of them");
  }
  const bytes = signature instanceof Buffer ? signature : Buffer.from(signature);
  return { token: `${input}.${bytes.toString("base64url")}` };
}

function settled(issue: () => IssuedToken | Promise<IssuedToken>): BatchResult | Promise<BatchResult> {
  try {
    const answer = issue();
    return answer instanceof Promise ? answer.catch(refusalOf) : answer;
  } catch (error) {
    return refusalOf(error);
  }
}

/** What each result of a batch was made of that holds no token. */
const ERRORS = new WeakMap<BatchResult, unknown>();

/** @internal Why a result of a batch holds no token, for logs. */
export function errorBehind(result: BatchResult): unknown {
  return ERRORS.get(result);
}

function refusalOf(error: unknown): BatchResult {
  const result = { error: refusalIn(error) };
  ERRORS.set(result, error);
  return result;
}

function refusalIn(error: unknown): Extract<BatchResult, { readonly error: object }>["error"] {
  if (!isSignetError(error)) return { code: "internal", message: "the token could not be issued" };
  const { code, message, field } = error;
  return field === undefined ? { code, message } : { code, message, field };
}

/** @internal One outcome of a batch as a stranger may be told it. */
export function publicResult(result: BatchResult): BatchResult {
  if ("token" in result || statusOf(result.error.code) !== 500) return result;
  return { error: { code: result.error.code, message: INTERNAL_DETAIL } };
}
