import { lookup } from "node:dns/promises";
import { assertHardModulus } from "../algorithms/rsa-modulus.js";
import { addressIn } from "../encoding/loopback-host.js";
import { isObject } from "../encoding/object-schema.js";
import { isSignetError, SignetError } from "../errors.js";
import { createVerifier } from "../verify/create-verifier.js";
import { discoveryUrlOf } from "../verify/fetch-jwks.js";
import { isPublicAddress } from "../verify/public-addresses.js";
import type { VerifiedToken } from "../verify/verifier.js";
import { type Visit, type Visitor, visit } from "./visit.js";

/** What there is to know of an issuer from outside. */
export interface Evidence {
  readonly issuer: string;
  /** Whether the price of an issuer of http was accepted. */
  readonly allowsInsecure?: boolean;
  /** Each address of its name can be reached by everybody. */
  readonly isPublic: boolean;
  /** Absent where the JWKS was given by its own URL. */
  readonly discovery?: Visit;
  readonly jwksUrl?: string;
  readonly jwks?: Visit;
  /** The JWKS once more, by its ETag. */
  readonly again?: Visit;
  /** The first of them, as many as anybody takes. */
  readonly keys: readonly KeyFacts[];
  /** How many there are. */
  readonly keyCount: number;
  readonly token?: TokenFacts;
  /** Milliseconds since 1970, here. */
  readonly now: number;
}

/** One member of the JWKS. */
export interface KeyFacts {
  readonly kid?: string;
  readonly kty: string;
  /** What it can sign: its `alg`, or what its type allows where it names none. */
  readonly algorithms: readonly string[];
  readonly namesAlgorithm: boolean;
  readonly use?: string;
  readonly members: readonly string[];
  /** Why Signet cannot use it. */
  readonly fault?: SignetError;
}

/** A sample token. */
interface TokenFacts {
  readonly verified?: VerifiedToken;
  readonly fault?: SignetError;
}

/** What is looked at. */
export interface ExamineOptions {
  /** Where the keys are; else discovery says it. */
  readonly jwksUrl?: string | undefined;
  /** A token of the issuer's. */
  readonly token?: string | undefined;
  /** An issuer of http beside this machine is warned of, and not called broken. */
  readonly allowInsecureIssuer?: boolean | undefined;
  readonly visit?: Visitor;
  /** The addresses of a name. */
  readonly addresses?: (hostname: string) => Promise<readonly string[]>;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** More than any verifier takes: what comes after them changes nothing, and a hostile list could be long. */
const MAX_KEYS = 250;

/** To look into a modulus takes up to a second: as many as an issuer may publish, where others are slower. */
const MAX_TAKEN_APART = 10;

/** Looks at an issuer as verifiers do: three requests, or four. */
export async function examine(issuer: string, options: ExamineOptions = {}): Promise<Evidence> {
  const { visit: ask = visit, addresses = addressesOf, now = Date.now } = options;
  const discovery = options.jwksUrl === undefined ? await ask(discoveryUrlOf(issuer)) : undefined;
  const jwksUrl = options.jwksUrl ?? urlIn(discovery);
  const jwks = jwksUrl === undefined ? undefined : await ask(jwksUrl, {}, discovery?.reach);
  const etag = jwks?.headers.etag;
  const again =
    jwksUrl === undefined || etag === undefined ? undefined : await ask(jwksUrl, { "if-none-match": etag }, discovery?.reach);
  const listed = Array.isArray(jwks?.json?.keys) ? jwks.json.keys.filter(isObject) : [];
  const looked = listed.slice(0, MAX_KEYS);
  return {
    issuer,
    ...(options.allowInsecureIssuer === true && { allowsInsecure: true }),
    isPublic: (await addresses(new URL(issuer).hostname)).every(isPublicAddress),
    ...(discovery && { discovery }),
    ...(jwksUrl !== undefined && { jwksUrl }),
    ...(jwks && { jwks }),
    ...(again && { again }),
    keys: looked.map((jwk, index) => factsOf(jwk, index < MAX_TAKEN_APART)),
    keyCount: listed.length,
    ...(options.token !== undefined && { token: tokenFacts(options.token, issuer, looked, now) }),
    now: now(),
  };
}

// A name that is not known has no address, which its own rule says.
async function addressesOf(hostname: string): Promise<readonly string[]> {
  return lookup(addressIn(hostname), { all: true }).then(
    (found) => found.map(({ address }) => address),
    () => [],
  );
}

type Jwk = Readonly<Record<string, unknown>>;

const OF_CURVE: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["P-256", ["ES256"]],
  ["P-384", ["ES384"]],
  ["P-521", ["ES512"]],
  ["Ed25519", ["EdDSA"]],
]);
const OF_RSA = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

function factsOf(jwk: Jwk, isLookedInto: boolean): KeyFacts {
  const { kid, kty, alg, use, crv } = jwk;
  const fitting = kty === "RSA" ? OF_RSA : (OF_CURVE.get(crv) ?? []);
  const fault = faultOf(jwk, isLookedInto);
  return {
    ...(typeof kid === "string" && kid !== "" && { kid }),
    kty: typeof kty === "string" ? kty : "",
    algorithms: typeof alg === "string" ? [alg] : fitting,
    namesAlgorithm: typeof alg === "string",
    ...(typeof use === "string" && { use }),
    members: Object.keys(jwk),
    ...(fault && { fault }),
  };
}

function faultOf(jwk: Jwk, isLookedInto: boolean): SignetError | undefined {
  try {
    const bare = { ...jwk, use: "sig", key_ops: undefined, alg: jwk.alg ?? (jwk.kty === "RSA" ? "RS256" : undefined) };
    createVerifier({ keys: { keys: [bare] }, issuer: null, audience: null });
    if (isLookedInto) assertHardModulus(jwk);
    return undefined;
  } catch (error) {
    return isSignetError(error) ? error : new SignetError("invalid_key", "it cannot be read", { cause: error });
  }
}

function tokenFacts(token: string, issuer: string, keys: readonly Jwk[], now: () => number): TokenFacts {
  const clock = (): number => Math.floor(now() / 1_000);
  try {
    return { verified: createVerifier({ keys: { keys }, issuer, audience: null, types: null, clock }).verify(token) };
  } catch (error) {
    if (isSignetError(error)) return { fault: error };
    throw error;
  }
}

function urlIn(discovery: Visit | undefined): string | undefined {
  const url = discovery?.json?.jwks_uri;
  if (typeof url !== "string" || !URL.canParse(url)) return undefined;
  const { protocol, href } = new URL(url);
  return protocol === "https:" || protocol === "http:" ? href : undefined;
}
