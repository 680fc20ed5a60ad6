import { asLibraryFailure } from "../encoding/command-hints.js";
import { isNonEmptyText } from "../encoding/list-of.js";
import {
  A_FUNCTION,
  AN_OBJECT,
  invalidOption,
  isWhole,
  type OptionCheck,
  type OptionChecks,
  readOptions,
} from "../encoding/options.js";
import { SignetError } from "../errors.js";
import type { Issuer } from "../issue/issuer.js";
import type { IssueRequest } from "../issue/request.js";
import type { Ask } from "./ask.js";
import { askFunction, type IssuerFunction } from "./ask-function.js";
import {
  type AsAssertion,
  type AsAws,
  type AskedAs,
  type AsSecret,
  askServer,
  askTokenEndpoint,
  type IssuerServer,
  type TokenEndpoint,
} from "./ask-server.js";
import { readIdentity } from "./identity.js";
import { lifeSecondsOf } from "./life.js";
import { createRenewal, type Renewal } from "./renewal.js";

/** An issuer of this process: `openIssuer()`, `createIssuer(...)`. */
export type LocalIssuer = Pick<Issuer, "issue">;

/** Where tokens come from. */
export type TokensFrom = LocalIssuer | IssuerServer | TokenEndpoint | IssuerFunction;

/** What a source is made of. */
export interface TokenSourceOptions {
  /** Where tokens come from: an issuer of this process, a server by its URL, a token endpoint, or the issuer's function. */
  readonly from: TokensFrom;
  /** As whom to ask a server; a function is asked as a role or user of AWS, by default the one that the AWS CLI would be. */
  readonly as?: AskedAs | undefined;
  /** What is asked for, each time the same. `jti` and `iat` are asked for by `setJti` and `setIat`. */
  readonly request: IssueRequest;
  /**
   * For how long a token that is handed out is good at the least, in seconds: as long as what is done with it takes. Default 60, or a
   * quarter of the token's life where that is less.
   */
  readonly minTtlSeconds?: number | undefined;
  /** No token is replaced sooner, in seconds, where who takes it wants that (1,200 for APNs). Default 0. */
  readonly reuseAtLeastSeconds?: number | undefined;
  /** Told of each renewal that has failed, also of those that no caller waits for. `retryAfterSeconds` says when the next one is tried. */
  readonly onFailure?: ((failure: SignetError) => void) | undefined;
  /** Instead of the global one, for servers. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** How one token is taken. */
export interface TakeOptions {
  /** Ends the waiting, not the call: others may wait for it. */
  readonly signal?: AbortSignal | undefined;
}

/** Hands out one token as long as it is good, and the next one in time. */
export interface TokenSource {
  /**
   * Answers a token that is good for `minTtlSeconds`. While the issuer cannot be reached it is the last one, as long as that lives.
   *
   * @returns a promise: it is rejected with the failure of the last try, until the next one may be made, or with the signal's reason
   */
  token(options?: TakeOptions): Promise<string>;
  /**
   * Says that a token was refused: its key may have been revoked. The next call asks for another one, unless this one is younger than
   * half a minute, or than `reuseAtLeastSeconds`.
   */
  discard(token: string): void;
}

const SECONDS: OptionCheck = ["a whole number of seconds", (value) => isWhole(value)];
const OPTIONS: OptionChecks<TokenSourceOptions> = {
  from: ["an issuer, {url}, {tokenUrl} or {lambda}", AN_OBJECT[1], true],
  as: ["{secret}, {assertion} or {aws}", AN_OBJECT[1]],
  request: ["what is asked for, such as {claims: {aud: 'api'}, ttl: 900}", AN_OBJECT[1], true],
  minTtlSeconds: SECONDS,
  reuseAtLeastSeconds: SECONDS,
  onFailure: A_FUNCTION,
  fetch: A_FUNCTION,
};

/** What may stand beside the member that says where tokens come from, and beside the one that says as whom to ask. */
const PLACES: Kinds<"url" | "tokenUrl" | "lambda"> = new Map([
  ["url", ["allowInsecureUrl"]],
  ["tokenUrl", ["allowInsecureUrl"]],
  ["lambda", []],
]);
const IDENTITIES: Kinds<"secret" | "assertion" | "aws"> = new Map([
  ["secret", ["caller"]],
  ["assertion", ["caller"]],
  ["aws", []],
]);

type Kinds<Kind extends string> = ReadonlyMap<Kind, readonly string[]>;

/**
 * Makes a source. It asks for nothing before the first `token()`, has no timer, and keeps no process running: a token is renewed in the
 * background when one is taken in the last part of its life, by one call for all who take it. The end of a token is reckoned by its
 * issuer's clock, and anew after a process stood still, so that no token is handed out that is over.
 *
 * @example
 * ```ts
 * import { openIssuer } from "signet-jwt";
 * import { createTokenSource } from "signet-jwt/client";
 *
 * const source = createTokenSource({
 *   from: await openIssuer(), // Or { url: "https://issuer.example" } as { secret: "signet_..." }, or { lambda: "signet:web" }.
 *   request: { claims: { sub: "alice", aud: "my-api" }, ttl: 900 },
 * });
 * console.log((await source.token()) === (await source.token())); // true
 * ```
 *
 * @throws SignetError `config_invalid`, naming the option
 */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const read = readOptions<TokenSourceOptions>(options, "createTokenSource", OPTIONS);
  const { take, discard } = renewalOf(read, asLibraryFailure);
  return Object.freeze({ token: (how?: TakeOptions) => take(how?.signal), discard });
}

/** @internal The renewal behind a source, which the command writes into a file. */
export function renewalOf(options: TokenSourceOptions, told?: (failure: unknown) => unknown): Renewal {
  const { minTtlSeconds, reuseAtLeastSeconds = 0, onFailure } = options;
  // A copy: what is asked for stays the same, whatever becomes of the object.
  const request = copyOf(options.request);
  assertLong(request.ttl, minTtlSeconds, reuseAtLeastSeconds);
  const ask = askOf(options, request);
  return createRenewal({
    async ask({ wallMs }) {
      const answered = await ask();
      return { token: answered.token, lifeSeconds: lifeSecondsOf(answered, request, wallMs) };
    },
    ...{ minTtlSeconds, reuseAtLeastSeconds, onFailure, told },
  });
}

function askOf({ from, as: given, fetch = globalThis.fetch }: TokenSourceOptions, request: Readonly<IssueRequest>): Ask {
  // One that was opened has a member url as well.
  const place = isIssuer(from) ? "issue" : memberOf(from, "from", PLACES);
  const as = given && identityOf(given);
  switch (place) {
    case "issue":
      if (as !== undefined) throw invalidOption("as", "is for servers and functions: an issuer of this process asks for nothing");
      return async () => (from as LocalIssuer).issue(request);
    case "lambda":
      if (as !== undefined && !("aws" in as)) throw invalidOption("as", "must be {aws}: IAM says who may invoke a function");
      return askFunction(from as IssuerFunction, as?.aws ?? {}, request);
    default: {
      if (as === undefined) throw invalidOption("as", "must say as whom to ask a server: {secret}, {assertion} or {aws}");
      return place === "url"
        ? askServer(from as IssuerServer, as, request, fetch)
        : askTokenEndpoint(from as TokenEndpoint, as, request, fetch);
    }
  }
}

function isIssuer(from: object): from is LocalIssuer {
  return typeof (from as Partial<LocalIssuer>).issue === "function";
}

function identityOf(as: AskedAs): AskedAs {
  const kind = memberOf(as, "as", IDENTITIES);
  if (kind === "aws") return { aws: readIdentity((as as AsAws).aws) };
  const { caller, [kind]: shown } = as as AsSecret & AsAssertion;
  if (typeof shown !== "string" && typeof shown !== "function")
    throw invalidOption(`as.${kind}`, "must be a text, or a function that answers one");
  if (caller !== undefined && !isNonEmptyText(caller)) throw invalidOption("as.caller", "must be a caller's name");
  return as;
}

function copyOf(request: IssueRequest): Readonly<IssueRequest> {
  try {
    return Object.freeze(structuredClone(request));
  } catch (cause) {
    throw new SignetError("config_invalid", "request must be JSON: it has a function, or something else that no token can hold", {
      cause,
      field: "request",
    });
  }
}

/** The one member that says what an option is. @throws SignetError `config_invalid` for none, several, and what is misspelt beside it */
function memberOf<Kind extends string>(value: object, field: string, kinds: Kinds<Kind>): Kind {
  const names = [...kinds.keys()];
  const [kind, ...others] = names.filter((name) => Reflect.has(value, name));
  if (kind === undefined || others.length > 0) throw invalidOption(field, `must have one of ${names.join(", ")}`);
  const beside = kinds.get(kind) ?? [];
  if (Object.keys(value).some((name) => name !== kind && !beside.includes(name)))
    throw invalidOption(field, `has a member that is not known beside ${kind}`);
  return kind;
}

/** @throws SignetError `config_invalid` where no token that is asked for could keep what is promised */
function assertLong(ttl: number | undefined, minTtlSeconds = 0, reuseAtLeastSeconds = 0): void {
  if (ttl === undefined || ttl > minTtlSeconds + reuseAtLeastSeconds) return;
  const least = reuseAtLeastSeconds > 0 ? "reuseAtLeastSeconds and minTtlSeconds together" : "minTtlSeconds";
  throw invalidOption("request.ttl", `must be more than ${least}: a token of ${ttl} seconds could never be handed out`);
}
