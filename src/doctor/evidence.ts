import { lookup } from "node:dns/promises";
import { algorithmsOfJwk, isSameKey, kidOfJwk, whyAside } from "../algorithms/jwk-purpose.js";
import { assertHardModulus } from "../algorithms/rsa-modulus.js";
import { ALGORITHM_NAMES } from "../algorithms/table.js";
import { decodeBase64url } from "../encoding/base64url.js";
import { addressIn } from "../encoding/loopback-host.js";
import { isObject } from "../encoding/object-schema.js";
import { webUrlOf } from "../encoding/url-of.js";
import { isSignetError, SignetError } from "../errors.js";
import { createVerifier } from "../verify/create-verifier.js";
import { discoveryUrlOf } from "../verify/fetch-jwks.js";
import { isPublicAddress } from "../verify/public-addresses.js";
import { parseObject, splitToken } from "../verify/token.js";
import type { VerifiedToken } from "../verify/verifier.js";
import { type Visit, type Visitor, visit } from "./visit.js";

/** What there is to know of an issuer from outside. */
export interface Evidence {
  readonly issuer: string;
  /** `issuer` is no URL: its keys were read where they are kept, and nothing was asked of anybody. */
  readonly hasNoUrl?: true;
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
  /** The first of its entries, as many as anybody takes. */
  readonly keys: readonly KeyFacts[];
  /** How many there are. */
  readonly keyCount: number;
  readonly token?: TokenFacts;
  /** Milliseconds since 1970, here. */
  readonly now: number;
}

/** One entry of the JWKS. */
export interface KeyFacts {
  readonly kid?: string;
  /** Its kid is there, and no text. */
  readonly hasOddKid: boolean;
  readonly kty: string;
  readonly crv?: string;
  /** Of RSA: those of the modulus. */
  readonly bits?: number;
  /** What it can sign: its `alg`, or what its type allows where it names none. */
  readonly algorithms: readonly string[];
  readonly namesAlgorithm: boolean;
  readonly use?: string;
  readonly members: readonly string[];
  /** Why verifiers leave it aside: it is not for signatures, or of a kind that they do not know. Nothing else is judged of it. */
  readonly aside?: string;
  /** Why Signet cannot use it. */
  readonly fault?: SignetError;
  /** What of its numbers is not written as the RFC wants it, octet by octet; most verifiers read it all the same. */
  readonly octets?: OctetsFault;
  /** An entry before it is the same key under the same name. */
  readonly isRepeated: boolean;
}

/** A number that has an octet too many, or too few. */
interface OctetsFault {
  readonly of: "number" | "coordinate";
  readonly words: string;
}

/** A sample token. */
interface TokenFacts {
  readonly verified?: VerifiedToken;
  readonly fault?: SignetError;
  /** What it says, whether that is true or not; absent where it cannot be read. */
  readonly read?: ReadSample;
  /** It was given as one whose key no URL leads to: nothing was verified. */
  readonly isSelfSigned?: true;
}

/** A token's header and claims as they stand there, and its length. */
export interface ReadSample {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly octets: number;
}

/** What is looked at. */
export interface ExamineOptions {
  /** Where the keys are; else discovery says it. */
  readonly jwksUrl?: string | undefined;
  /** A token of the issuer's. */
  readonly token?: string | undefined;
  /** The token is for those who know its key, and no issuer: it is read, and not verified. */
  readonly isSelfSigned?: boolean | undefined;
  /** Reads its keys as they are kept: they verify the token where none are found by its URL. */
  readonly ownKeys?: (() => Promise<readonly unknown[] | undefined>) | undefined;
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
  const listed: readonly unknown[] = Array.isArray(jwks?.json?.keys) ? jwks.json.keys : [];
  const looked = listed.slice(0, MAX_KEYS);
  const known = looked.length > 0 || options.token === undefined ? looked : ((await options.ownKeys?.()) ?? []);
  return {
    issuer,
    ...(options.allowInsecureIssuer === true && { allowsInsecure: true }),
    isPublic: (await addresses(new URL(issuer).hostname)).every(isPublicAddress),
    ...(discovery && { discovery }),
    ...(jwksUrl !== undefined && { jwksUrl }),
    ...(jwks && { jwks }),
    ...(again && { again }),
    keys: factsOfAll(looked),
    keyCount: listed.length,
    ...(options.token !== undefined && { token: tokenFacts(options.token, byKeys(known, issuer, options)) }),
    now: now(),
  };
}

/** An issuer of this machine's, by whose `iss` no verifier finds keys. */
interface OwnIssuer {
  /** Its public keys. */
  readonly keys: readonly unknown[];
  /** Verifies a token of its own. */
  readonly verify: (token: string) => VerifiedToken;
  readonly token?: string | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Looks at an issuer whose `iss` is no URL, from within. */
export function examineOwn(iss: string, { keys, verify, token, now = Date.now }: OwnIssuer): Evidence {
  return {
    issuer: iss,
    hasNoUrl: true,
    isPublic: false,
    keys: factsOfAll(keys.slice(0, MAX_KEYS)),
    keyCount: keys.length,
    ...(token !== undefined && { token: tokenFacts(token, verify) }),
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

function factsOfAll(entries: readonly unknown[]): readonly KeyFacts[] {
  const byKid = new Map<unknown, Jwk[]>();
  let lookedInto = 0;
  return entries.map((entry) => {
    const jwk = isObject(entry) ? entry : {};
    const aside = whyAside(entry);
    const kid = kidOfJwk(jwk);
    const before = byKid.get(kid) ?? [];
    const isRepeated = aside === undefined && before.some((each) => isSameKey(each, jwk));
    if (aside === undefined && !isRepeated) byKid.set(kid, [...before, jwk]);
    const isLookedInto = aside === undefined && !isRepeated && lookedInto++ < MAX_TAKEN_APART;
    return { ...factsOf(jwk, aside, isLookedInto), isRepeated };
  });
}

function factsOf(jwk: Jwk, aside: string | undefined, isLookedInto: boolean): Omit<KeyFacts, "isRepeated"> {
  const { kid, kty, crv, alg, use } = jwk;
  const fault = aside === undefined ? faultOf(jwk, isLookedInto) : undefined;
  const octets = aside === undefined && fault === undefined ? octetsFault(jwk) : undefined;
  return {
    ...(typeof kid === "string" && kid !== "" && { kid }),
    hasOddKid: typeof (kid ?? "") !== "string",
    kty: typeof kty === "string" ? kty : "",
    algorithms: typeof alg === "string" ? [alg] : algorithmsOfJwk(jwk).map(({ name }) => name),
    namesAlgorithm: typeof alg === "string",
    ...(typeof crv === "string" && { crv }),
    ...bitsOf(jwk),
    ...(typeof use === "string" && { use }),
    members: Object.keys(jwk),
    ...(aside !== undefined && { aside }),
    ...(fault && { fault }),
    ...(octets !== undefined && { octets }),
  };
}

// As a verifier does that was told which algorithms to take of keys that name none.
function faultOf(jwk: Jwk, isLookedInto: boolean): SignetError | undefined {
  try {
    createVerifier({ keys: { keys: [jwk] }, issuer: null, audience: null, algorithms: ALGORITHM_NAMES });
    if (isLookedInto) assertHardModulus(jwk);
    return undefined;
  } catch (error) {
    return isSignetError(error) ? error : new SignetError("invalid_key", "it cannot be read", { cause: error });
  }
}

/** How many octets a coordinate has (RFC 7518 section 6.2.1.2). */
const COORDINATE: ReadonlyMap<unknown, number> = new Map([
  ["P-256", 32],
  ["P-384", 48],
  ["P-521", 66],
]);

function octetsFault(jwk: Jwk): OctetsFault | undefined {
  const bytesOf = (name: "n" | "e" | "x" | "y") => {
    const { [name]: value } = jwk;
    return typeof value === "string" ? decodeBase64url(value) : undefined;
  };
  if (jwk.kty === "RSA") {
    const zero = (["n", "e"] as const).find((name) => bytesOf(name)?.[0] === 0);
    return zero === undefined ? undefined : { of: "number", words: `${zero} begins with a zero octet` };
  }
  const size = COORDINATE.get(jwk.crv);
  const odd = (["x", "y"] as const).find((name) => size !== undefined && bytesOf(name)?.length !== size);
  return odd === undefined ? undefined : { of: "coordinate", words: `${odd} has ${bytesOf(odd)?.length} octets, not ${size}` };
}

/** Verifies by a list of keys; `undefined` where the token is not for who has them. */
function byKeys(
  entries: readonly unknown[],
  issuer: string,
  { now = Date.now, isSelfSigned = false }: ExamineOptions,
): OwnIssuer["verify"] | undefined {
  if (isSelfSigned) return undefined;
  const clock = (): number => Math.floor(now() / 1_000);
  const keys = { keys: entries as readonly Jwk[] };
  const checks = { issuer, audience: null, types: null, algorithms: ALGORITHM_NAMES, clock };
  return (token) => createVerifier({ keys, ...checks }).verify(token);
}

function tokenFacts(token: string, verify: OwnIssuer["verify"] | undefined): TokenFacts {
  try {
    const read = readSample(token);
    if (verify === undefined) return { read, isSelfSigned: true };
    try {
      return { read, verified: verify(token) };
    } catch (error) {
      if (isSignetError(error)) return { read, fault: error };
      throw error;
    }
  } catch (error) {
    if (isSignetError(error)) return { fault: error };
    throw error;
  }
}

function readSample(token: string): ReadSample {
  const { header, payload } = splitToken(token);
  return {
    header: parseObject(header, "header"),
    claims: parseObject(payload, "payload"),
    octets: token.length,
  };
}

function bitsOf({ kty, n }: Jwk): Pick<KeyFacts, "bits"> {
  const bytes = kty === "RSA" && typeof n === "string" ? decodeBase64url(n) : undefined;
  const first = bytes?.findIndex((byte) => byte !== 0) ?? -1;
  if (bytes === undefined || first < 0) return {};
  return { bits: (bytes.length - first) * 8 - Math.clz32(bytes[first] as number) + 24 };
}

function urlIn(discovery: Visit | undefined): string | undefined {
  const url = discovery?.json?.jwks_uri;
  return typeof url === "string" ? webUrlOf(url)?.href : undefined;
}
