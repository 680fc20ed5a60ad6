import { publicKeyFromJwk } from "../algorithms/jwk.js";
import { signatureChecker } from "../algorithms/signature.js";
import { type ClaimChecks, claimsChecker, type VerifiedClaims } from "./claims.js";
import { type HeaderChecks, headerReader, type TokenHeader, type TokenPurpose } from "./header.js";
import { type BindKey, type KeyChecks, keyFinder, type SignatureCheck } from "./keys.js";
import { claimsFrom, decodePart, type ReadToken, signatureInvalid, splitToken, type TokenParts } from "./token.js";

/** What a verifier is made of. */
export interface VerifierOptions extends KeyChecks, HeaderChecks, ClaimChecks {
  /**
   * The longest token that is looked at, in characters. Default 32,768: room for 16 KB of claims, the most that Signet issues,
   * under any algorithm.
   */
  readonly maxTokenLength?: number | undefined;
}

/** A token that was verified. */
export interface VerifiedToken {
  readonly header: TokenHeader;
  readonly claims: VerifiedClaims;
}

/** A verifier: it tells tokens of its issuer from everything else. */
export interface Verifier {
  /**
   * Verifies a token: its structure, its header, its signature, and only then its claims.
   *
   * That a token is good does not make its text unique: an ECDSA signature has a second form that is good as well. To recognise
   * a token that came before, compare `jti`.
   *
   * @param token a JWT in compact form (RFC 7519), without "Bearer"
   * @param purpose "access" where a request carries it, as `bearerGuard` says by itself: unless `types` names others, tokens of the type
   *   `at+jwt` are accepted then. Without it they are not, so that no access token passes for an ID token.
   * @returns its header and claims, a frozen pair; the claims are a fresh object of the caller's own
   * @throws SignetError with a code that begins with `token_` for a token that is refused (`isTokenRefusal`); the fault of its
   *   key, `algorithm_unavailable` for example, where that is published and cannot be used here; `clock_untrusted`
   */
  verify(token: string, purpose?: TokenPurpose): VerifiedToken;
}

/** What verifies: a verifier over keys at hand, or one that follows its issuers' keys. */
export interface Verifying {
  verify(token: string, purpose?: TokenPurpose): VerifiedToken | Promise<VerifiedToken>;
}

/** What is kept of the header of a token that was found good. */
interface KnownHeader {
  readonly header: TokenHeader;
  readonly isSigned: SignatureCheck;
  readonly isForAccess: boolean;
}

const MAX_REMEMBERED = 32;
const MAX_REMEMBERED_CHARACTERS = 1_024;

/**
 * Makes a verifier over public keys that are at hand: options are checked and keys are read once, here.
 *
 * @throws SignetError `config_invalid`, above all where issuer or audience is neither given nor waived by `null`;
 *   `unsupported_algorithm`; the fault of the keys where not one of them can be used
 */
export function localVerifier(options: VerifierOptions): Verifier {
  const { verify } = readTokenVerifier(options);
  return Object.freeze({ verify });
}

/** @internal A verifier that takes a token, too, whose payload was read before, to find who verifies it. */
export interface ReadTokenVerifier extends Verifier {
  /** Verifies as `verify` does; its claims are those that were read. */
  verifyRead(read: ReadToken): VerifiedToken;
}

/** @internal Makes such a verifier. @param options as `readVerifierOptions` answers them */
export function readTokenVerifier(options: VerifierOptions): ReadTokenVerifier {
  const checkClaims = claimsChecker(options);
  const readHeader = headerReader(options);
  const findKey = keyFinder(options, bindKey);
  const integersAsText = options.integersAsText && [...options.integersAsText];
  const remembered = new Map<string, KnownHeader>();

  function known(part: string, purpose: TokenPurpose | undefined): KnownHeader {
    const read = readHeader(part, purpose);
    return { header: read.header, isSigned: findKey(read), isForAccess: read.isForAccess };
  }

  // An issuer's tokens have one header for each of its keys. Strangers cannot push them out: only headers of good signatures are
  // kept. They are copied, because a slice would hold the whole token in memory.
  function remember(part: string, entry: KnownHeader): void {
    if (part.length > MAX_REMEMBERED_CHARACTERS) return;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(Buffer.from(part, "latin1").toString("latin1"), entry);
  }

  function verified(parts: TokenParts, purpose: TokenPurpose | undefined, read?: ReadToken): VerifiedToken {
    const seen = remembered.get(parts.header);
    // What was good for one purpose is read again for another, and refused there.
    const entry = seen === undefined || (seen.isForAccess && purpose !== "access") ? known(parts.header, purpose) : seen;
    const payload = read ?? decodePart(parts.payload, "payload");
    // Nothing of the payload is read (unless it was), and nothing said of it, before the signature is known to be good.
    if (!entry.isSigned(parts.signingInput, parts.signature)) {
      throw signatureInvalid();
    }
    if (seen === undefined) remember(parts.header, entry);
    const claims = payload instanceof Uint8Array ? claimsFrom(payload, integersAsText) : payload.value;
    checkClaims(claims);
    return Object.freeze({ header: entry.header, claims });
  }

  return Object.freeze({
    verify: (token: string, purpose?: TokenPurpose) => verified(splitToken(token, options.maxTokenLength), purpose),
    verifyRead: (read: ReadToken) => verified(read.parts, undefined, read),
  });
}

const bindKey: BindKey<boolean> = (jwk, algorithm) => signatureChecker(algorithm, publicKeyFromJwk(jwk));
