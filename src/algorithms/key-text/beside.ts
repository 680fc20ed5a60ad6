import { createPublicKey, type KeyObject } from "node:crypto";
import { isSignetError, SignetError } from "../../errors.js";
import { isPublicKind } from "./der-kind.js";
import { isPrivateJwk } from "./open-private.js";
import { openPublicDer, openPublicJwk } from "./open-public.js";
import type { JwkPiece, Piece } from "./pieces.js";

/**
 * Makes sure that a private key is the one that is meant by the public parts beside it. Of a chain of certificates one is its own.
 *
 * @param others all that its text holds, of which counts what stands where it stands
 * @throws SignetError `invalid_key`
 */
export function assertPublicParts(privateKey: KeyObject, piece: Piece, others: readonly Piece[]): void {
  const own = createPublicKey(privateKey);
  const beside = others.filter(({ group }) => group === piece.group);
  for (const [what, isCertificate] of WHAT) {
    const keys = beside.flatMap((each) => (isCertificateIn(each) === isCertificate ? (publicPart(each) ?? []) : []));
    if (keys.length === 0 || keys.some((key) => key.equals(own))) continue;
    const words = `the private part does not belong to the public part: ${what} beside it is another key's`;
    throw new SignetError("invalid_key", `${words}; give the two that belong together, or the private key alone`);
  }
}

const WHAT = [
  ["the certificate", true],
  ["the public key", false],
] as const;

function isCertificateIn(piece: Piece): boolean {
  return piece.form === "der" && piece.kind === "certificate";
}

// What cannot be read, or is of no algorithm of ours, says nothing about this key.
function publicPart(piece: Piece): KeyObject | undefined {
  if (piece.form === "foreign" || !(piece.form === "der" ? isPublicKind(piece.kind) : isAlone(piece))) return undefined;
  try {
    return (piece.form === "der" ? openPublicDer(piece) : openPublicJwk(piece)).key;
  } catch (error) {
    if (isSignetError(error)) return undefined;
    throw error;
  }
}

function isAlone({ isListed, jwk }: JwkPiece): boolean {
  return !isListed && !isPrivateJwk(jwk);
}
