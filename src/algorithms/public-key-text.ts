import { createPublicKey, type KeyObject } from "node:crypto";
import { isSignetError, SignetError } from "../errors.js";
import { isPrivateKind, isPublicKind } from "./key-text/der-kind.js";
import { isPrivateJwk, type OpenedKey, openDer } from "./key-text/open-private.js";
import { openPublicDer, openPublicJwk } from "./key-text/open-public.js";
import { type DerPiece, type Piece, piecesIn } from "./key-text/pieces.js";
import { refusedKind } from "./key-text/refusals.js";
import type { AlgorithmName } from "./table.js";

/** A public key that was read from text. */
export interface PublicKeyText {
  readonly publicKey: KeyObject;
  /** What it can verify: all that its type allows, or what it says of itself. */
  readonly algs: readonly AlgorithmName[];
  /** Whether a private key stood there, of which no copy should be where public keys are expected. */
  readonly hasPrivate: boolean;
}

/**
 * Reads a public key as people have it: PEM or DER of SubjectPublicKeyInfo, PKCS#1 or a certificate, or a JWK, wrapped as
 * `parsePrivateKeyText` unwraps it. Of several PEMs the first one counts; a private key gives its public part.
 *
 * @throws SignetError `invalid_key`, `key_too_weak`, `passphrase_required`, `unsupported_algorithm` or `algorithm_unavailable`
 */
export function parsePublicKeyText(input: Uint8Array | string): PublicKeyText {
  const pieces = piecesIn(input);
  if (pieces.filter(({ form }) => form === "jwk").length > 1) {
    throw new SignetError("invalid_key", "this is a list of several keys; give it with --jwks");
  }
  const jwk = pieces.find((piece) => piece.form === "jwk" && piece.jwk.kty !== "oct");
  if (jwk?.form === "jwk") return named(openPublicJwk(jwk), isPrivateJwk(jwk.jwk));
  const der = pieces.filter((piece) => piece.form === "der");
  const found = der.find(({ kind }) => isPublicKind(kind));
  const isPrivate = ({ kind }: DerPiece) => isPrivateKind(kind);
  if (found !== undefined) return named(openPublicDer(found), der.some(isPrivate));
  const whole = der.find(isPrivate);
  if (whole === undefined) throw refusal(pieces);
  const { privateKey, algs } = openedWithoutPassphrase(whole);
  return { publicKey: createPublicKey(privateKey), algs, hasPrivate: true };
}

function openedWithoutPassphrase(piece: DerPiece): OpenedKey {
  try {
    return openDer(piece, {});
  } catch (error) {
    if (!isSignetError(error, "passphrase_required")) throw error;
    const words = "the private key is encrypted, and its public part is needed: openssl pkey -in FILE -pubout -out public.pem";
    throw new SignetError("passphrase_required", words, { cause: error });
  }
}

function named({ key, algs }: ReturnType<typeof openPublicDer>, hasPrivate: boolean): PublicKeyText {
  return { publicKey: key, algs, hasPrivate };
}

function refusal(pieces: readonly Piece[]): SignetError {
  const words = pieces.flatMap((piece) => {
    if (piece.form === "foreign") return [piece.words];
    return piece.form === "der" ? (refusedKind(piece.kind) ?? []) : [];
  });
  return new SignetError("invalid_key", words[0] ?? "this is neither a PEM nor a JWK of a public key");
}
