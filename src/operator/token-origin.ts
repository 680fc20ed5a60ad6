import { localSigner } from "../algorithms/signature.js";
import type { AsAssertion, AskedAs } from "../client/ask-server.js";
import type { TokensFrom } from "../client/token-source.js";
import { SignetError } from "../errors.js";
import { readTrustedText } from "../files/trusted-read.js";
import { createIssuer } from "../issue/issuer.js";
import { findKey } from "./key-source.js";
import { outputsOf, withNamedStack } from "./stack-access.js";
import { pathGiven, STACK_CONFIG, type Surroundings } from "./surroundings.js";

/** Where a token is asked for, and as whom, as it is typed. */
export interface OriginOptions {
  readonly config?: string | undefined;
  readonly url?: string | undefined;
  readonly tokenUrl?: string | undefined;
  readonly function?: string | undefined;
  readonly caller?: string | undefined;
  readonly secretFile?: string | undefined;
  readonly proofFile?: string | undefined;
  readonly key?: string | undefined;
  readonly keyPassphraseFile?: string | undefined;
  /** The audience of a proof that `key` signs. */
  readonly issuer?: string | undefined;
  readonly aws?: boolean | undefined;
  readonly allowInsecureUrl?: boolean | undefined;
}

/** What of a source's options says where its tokens come from. */
export interface TokenOrigin {
  readonly from: TokensFrom;
  readonly as?: AskedAs | undefined;
}

/** A proof is made for one request. */
const PROOF_SECONDS = 60;
const WAYS = {
  secretFile: "--secret-file",
  proofFile: "--proof-file",
  key: "--key",
  aws: "--aws",
} as const;

/**
 * Finds out where tokens come from: a server, a function, or the function of a stack.
 *
 * @returns `undefined` for this folder's own issuer
 * @throws SignetError `usage`, and what reading a key, or asking for a stack, throws
 */
export async function tokenOrigin(surroundings: Surroundings, options: OriginOptions): Promise<TokenOrigin | undefined> {
  const { config, url, tokenUrl, function: named, caller, allowInsecureUrl } = options;
  if (options.key === undefined && (options.issuer ?? options.keyPassphraseFile) !== undefined)
    throw usage("--issuer and --key-passphrase-file are for --key");
  const isStack = config?.startsWith(STACK_CONFIG) === true;
  const places = [url !== undefined, tokenUrl !== undefined, named !== undefined, config !== undefined];
  if (places.filter(Boolean).length > 1)
    throw usage("a token comes from one place: give one of --url, --token-url, --function and --config");
  if (url !== undefined) assertBaseUrl(url);
  if (url !== undefined || tokenUrl !== undefined) {
    const allowed = allowInsecureUrl === true ? { allowInsecureUrl } : {};
    const from = url === undefined ? { tokenUrl: tokenUrl ?? "", ...allowed } : { url, ...allowed };
    return { from, as: await identityFor(surroundings, options) };
  }
  if (allowInsecureUrl === true) throw usage("--allow-insecure-url is for --url and --token-url");
  const stray = Object.entries(WAYS).find(([name]) => options[name as keyof typeof WAYS] !== undefined)?.[1];
  if (stray !== undefined) throw usage(`${stray} is shown to a server: give --url or --token-url as well`);
  if (named !== undefined) {
    if (caller !== undefined) throw usage("--function names its caller as NAME:ALIAS: leave --caller out");
    return { from: { lambda: named } };
  }
  if (isStack) return { from: { lambda: await functionOf(surroundings, config ?? "", caller) } };
  if (caller !== undefined) throw usage("--caller is for a server or a stack: this folder's issuer asks for no caller");
  return undefined;
}

/** What people paste in the place of the issuer's URL, and what they meant. */
const PATHS_OF_ISSUERS: readonly (readonly [end: RegExp, meant: string])[] = [
  [/\/issue\/?$/, "tokens are asked for at /issue by itself: leave that out"],
  [/\/token\/?$/, "for a token endpoint give --token-url instead"],
  [/\/\.well-known\/[a-z0-9.-]+$/, "its documents are found below it: leave out what begins with /.well-known"],
];

function assertBaseUrl(url: string): void {
  const meant = PATHS_OF_ISSUERS.find(([end]) => end.test(url))?.[1];
  if (meant !== undefined) throw usage(`--url is the issuer's own URL, such as https://issuer.example; ${meant}`);
}

async function functionOf(surroundings: Surroundings, config: string, caller: string | undefined): Promise<string> {
  const arn = await withNamedStack(surroundings, config, ({ stack }) => outputsOf(stack).JwtIssuerFunctionArn);
  if (arn === undefined) throw usage("the stack has no function that issues: is it one of `signet deploy`, and complete?");
  return caller === undefined ? arn : `${arn}:${caller}`;
}

async function identityFor(surroundings: Surroundings, options: OriginOptions): Promise<AskedAs> {
  const { secretFile, proofFile, key, aws, caller, tokenUrl } = options;
  const given = [secretFile !== undefined, proofFile !== undefined, key !== undefined, aws === true].filter(Boolean).length;
  if (given !== 1) throw usage(`a server is asked as one caller: give one of ${Object.values(WAYS).join(", ")}`);
  // A token endpoint wants a name beside a secret; elsewhere what is shown says it.
  const name = tokenUrl === undefined || caller === undefined ? {} : { caller };
  if (caller !== undefined && key === undefined && tokenUrl === undefined)
    throw usage("--caller is for --key and --token-url: elsewhere what is shown says who asks");
  if (secretFile !== undefined) {
    if (tokenUrl !== undefined && caller === undefined) throw usage("a token endpoint wants the caller's name: --caller NAME");
    return { secret: () => shownIn(surroundings, secretFile, "secret", "--secret-file"), ...name };
  }
  if (proofFile !== undefined) return { assertion: () => shownIn(surroundings, proofFile, "input", "--proof-file"), ...name };
  return key === undefined ? { aws: {} } : proofsBy(surroundings, options, key);
}

/** Read anew each time: secrets are rotated, and a kubelet renews proofs. */
async function shownIn(surroundings: Surroundings, path: string, kind: "secret" | "input", option: string): Promise<string> {
  const text = await readTrustedText(kind, pathGiven(surroundings, path), "usage");
  // The path is not repeated: it may be the secret itself.
  if (text === undefined) throw usage(`${option}: there is no such file`);
  return text.trim();
}

/** Proofs that the caller's own key signs (RFC 7523), each for one request. */
async function proofsBy(surroundings: Surroundings, options: OriginOptions, source: string): Promise<AsAssertion> {
  const { caller, url, tokenUrl, issuer, keyPassphraseFile } = options;
  if (caller === undefined) throw usage("a key proves the caller that is named with it: --caller NAME");
  const found = await findKey(surroundings, source, { keyPassphraseFile });
  if ("existing" in found)
    throw usage("--key is read from a file, env:, ssm: or secret:; a key that stays in KMS signs no proofs here");
  const { privateKey, alg, kid } = found;
  const signer = localSigner({ privateKey, alg, ...(kid !== undefined && { kid }) });
  const proofs = createIssuer({ signer, limits: { maxTtlSeconds: PROOF_SECONDS, defaultTtlSeconds: PROOF_SECONDS } });
  const aud = issuer ?? url?.replace(/\/$/, "") ?? (tokenUrl ?? "").replace(/\/token$/, "");
  const claims = { iss: caller, sub: caller, aud };
  return { assertion: async () => (await proofs.issue({ claims, setIat: true, setJti: true, ttl: PROOF_SECONDS })).token };
}

function usage(words: string): SignetError {
  return new SignetError("usage", words);
}
