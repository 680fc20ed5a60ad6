import type { KeyObject } from "node:crypto";
import { firstNames } from "../encoding/first-few.js";
import { isSignetError, SignetError, shortened, visible } from "../errors.js";
import { type PublicJwk, publicJwk, thumbprint } from "./jwk.js";
import { PUBLIC_PARAMETERS, pickMembers } from "./jwk-members.js";
import { isAbsent } from "./jwk-purpose.js";
import { assertPublicParts } from "./key-text/beside.js";
import { isPrivateKind } from "./key-text/der-kind.js";
import { isPrivateJwk, type OpenedKey, openDer, openJwk, ownAlgorithm } from "./key-text/open-private.js";
import { type DerPiece, type JwkPiece, type Piece, piecesIn } from "./key-text/pieces.js";
import { refusedKind } from "./key-text/refusals.js";
import { type AlgorithmName, algorithmNamed, findAlgorithm } from "./table.js";

/** A private key that was read from text. */
export interface PrivateKeyText {
  readonly privateKey: KeyObject;
  /** The algorithm to sign with: the caller's, else the JWK's own, else the usual one of the key's type. */
  readonly alg: AlgorithmName;
  /** The name that the key has where it was found, where it has one. */
  readonly kid?: string;
}

/** How a private key is read from text. */
export interface PrivateKeyTextOptions {
  /** The algorithm to use, where the key leaves a choice. */
  readonly alg?: AlgorithmName | undefined;
  /** Opens an encrypted key. */
  readonly passphrase?: string | undefined;
  /** Chooses among several keys, by the name or the RFC 7638 thumbprint. Of a key alone it is no more than the name that it gets. */
  readonly kid?: string | undefined;
  /** The one member of an object of JSON that is looked at. */
  readonly member?: string | undefined;
}

type Candidate = DerPiece | JwkPiece;

/** So many keys in DER are opened to be told apart: each may have a passphrase of some seconds. */
const MAX_OPENED = 8;
const MAX_NAMED = 10;

/**
 * Reads a private key as people have it: PEM or DER with PKCS#8, encrypted PKCS#8, SEC1 or PKCS#1 content, a JWK, a list of JWKs, or an
 * object of JSON around one of these, with a byte order mark, in UTF-16, quoted, escaped or in base64. Whatever a source is, what it
 * gives is read here. A PEM's label is not believed, every block is looked at, and public parts beside the key must be its own.
 *
 * @throws SignetError `invalid_key`, `key_too_weak`, `passphrase_required`, `passphrase_wrong`, `unsupported_algorithm`,
 *   `algorithm_unavailable`, `invalid_json` or `duplicate_member`
 */
export function parsePrivateKeyText(input: Uint8Array | string, options: PrivateKeyTextOptions = {}): PrivateKeyText {
  const pieces = piecesIn(input, options.member);
  const piece = chosen(pieces, options);
  const { privateKey, alg } = open(piece, options);
  assertPublicParts(privateKey, piece, pieces);
  const kid = ownName(piece, options);
  return kid === undefined ? { privateKey, alg } : { privateKey, alg, kid };
}

function open(piece: Candidate, options: PrivateKeyTextOptions): OpenedKey {
  return piece.form === "der" ? openDer(piece, options) : openJwk(piece, options);
}

function chosen(pieces: readonly Piece[], options: PrivateKeyTextOptions): Candidate {
  const all = pieces.filter(isPrivate);
  const called = all.filter((piece) => options.kid !== undefined && nameIn(piece) === options.kid);
  // A key that was asked for by its name is told what is wrong with it; of a list the others are passed over.
  const fitting = called.length > 0 ? called : all.filter((piece) => piece.form === "der" || !piece.isListed || mayChoose(piece));
  const [only] = fitting;
  if (only === undefined) throw refusal(pieces, all);
  if (fitting.length === 1) return only;
  const distinct = distinctKeys(fitting, options);
  const [first] = distinct;
  if (first === undefined) return only;
  if (distinct.length === 1) return first.piece;
  if (called.length > 0)
    throw new SignetError("invalid_key", "two different keys have the name that --kid gives; give them names of their own");
  const wanted = distinct.find(({ thumbprint }) => thumbprint === options.kid);
  if (wanted !== undefined) return wanted.piece;
  throw several(
    distinct.map(({ piece, thumbprint }) => nameIn(piece) ?? thumbprint),
    options.kid,
  );
}

function isPrivate(piece: Piece): piece is Candidate {
  if (piece.form === "jwk") return isPrivateJwk(piece.jwk);
  if (piece.form === "foreign") return false;
  const { kind, block } = piece;
  return isPrivateKind(kind) || block.encryption !== undefined || (kind === undefined && block.label.includes("PRIVATE KEY"));
}

/** Tells whether a JWK of a list is a key that signs: lists hold keys for encryption, for other programs and of the future as well. */
function mayChoose({ jwk: { kty, use, alg, key_ops: operations } }: JwkPiece): boolean {
  const isForSigning = isAbsent(operations) || (Array.isArray(operations) && operations.includes("sign"));
  return kty !== "oct" && (isAbsent(use) || use === "sig") && isForSigning && (isAbsent(alg) || findAlgorithm(alg) !== undefined);
}

/** The keys that are not the same under the same name; one that cannot be opened is passed over where another one can. */
function distinctKeys(candidates: readonly Candidate[], options: PrivateKeyTextOptions) {
  if (candidates.filter(({ form }) => form === "der").length > MAX_OPENED) {
    const words = `this holds ${candidates.length} private keys; give one that holds the key to import alone`;
    throw new SignetError("invalid_key", words);
  }
  const found = new Map<string, { readonly piece: Candidate; readonly thumbprint: string }>();
  for (const piece of candidates) {
    const thumbprint = thumbprintOf(piece, options);
    if (thumbprint !== undefined) found.set(`${thumbprint} ${nameIn(piece) ?? ""}`, { piece, thumbprint });
  }
  return [...found.values()];
}

// Of a JWK its public members are enough. A key in DER may have to be opened to be told from others.
function thumbprintOf(piece: Candidate, { passphrase }: PrivateKeyTextOptions): string | undefined {
  try {
    if (piece.form === "jwk") {
      const algorithm = ownAlgorithm(piece.jwk);
      const members = pickMembers(piece.jwk, algorithm, PUBLIC_PARAMETERS[algorithm.kty]);
      return thumbprint({ ...members, alg: algorithm.name } as unknown as PublicJwk);
    }
    const { privateKey, alg } = openDer(piece, { passphrase });
    return publicJwk(privateKey, algorithmNamed(alg)).kid;
  } catch (error) {
    if (!isSignetError(error) || error.code === "passphrase_required") throw error;
    return undefined;
  }
}

function calledIn(piece: Candidate): unknown {
  return piece.form === "jwk" && !isAbsent(piece.jwk.kid) ? piece.jwk.kid : piece.id;
}

function nameIn(piece: Candidate): string | undefined {
  const name = calledIn(piece);
  return typeof name === "string" && name !== "" ? name : undefined;
}

// Another name than the one that verifiers know would be one more that they do not.
function ownName(piece: Candidate, { kid }: PrivateKeyTextOptions): string | undefined {
  const name = calledIn(piece);
  if (isAbsent(name) || name === "" || typeof name === "string" || kid !== undefined) return nameIn(piece);
  throw new SignetError("invalid_key", 'the key\'s name ("kid") is not a text; give it with --kid, as verifiers know it', {
    field: "kid",
  });
}

function several(names: readonly string[], kid: string | undefined): SignetError {
  const quoted = firstNames(
    names.map((name) => `"${visible(shortened(name))}"`),
    MAX_NAMED,
  );
  const none = kid === undefined ? "" : ", none of them of that name";
  return new SignetError("invalid_key", `this holds ${names.length} private keys${none}: ${quoted}; choose one with --kid`, {
    field: "kid",
  });
}

function refusal(pieces: readonly Piece[], unfit: readonly Candidate[]): SignetError {
  const listed = pieces.filter((piece) => piece.form === "jwk");
  const [first] = listed;
  if (unfit.length > 0 || listed.length > 1) return noneOfList(listed);
  const foreign = pieces.find((piece) => piece.form === "foreign");
  if (foreign !== undefined) return new SignetError("invalid_key", foreign.words);
  if (first !== undefined) return faultOf(first);
  const words = pieces.map((piece) => (piece.form === "der" ? refusedKind(piece.kind) : undefined)).find((each) => each);
  return new SignetError(
    "invalid_key",
    words ?? "this is neither a PEM nor a JWK, and holds none; give a private key in one of these forms",
  );
}

function noneOfList(listed: readonly JwkPiece[]): SignetError {
  const [first, ...more] = listed;
  if (first !== undefined && more.length === 0) return faultOf(first);
  const each = listed.map((piece) => `"${visible(shortened(nameIn(piece) ?? "unnamed"))}" ${faultInAWord(piece)}`);
  return new SignetError("invalid_key", `none of these keys is a private key that signs: ${firstNames(each, MAX_NAMED)}`);
}

function faultOf(piece: JwkPiece): SignetError {
  try {
    openJwk(piece, {});
  } catch (error) {
    if (isSignetError(error)) return error;
    throw error;
  }
  return new SignetError("internal", "a key that was refused can be opened");
}

function faultInAWord({ jwk }: JwkPiece): string {
  if (jwk.kty === "oct") return "is symmetric";
  if (!isPrivateJwk(jwk)) return "is public";
  if (!isAbsent(jwk.use) && jwk.use !== "sig") return "is for encryption";
  return isAbsent(jwk.key_ops) ? "is of no supported algorithm" : "is not for signing";
}
