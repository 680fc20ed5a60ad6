import { SignetError } from "../errors.js";
import { parseObject } from "./token.js";

/** A token's header, as far as it is understood. */
export interface TokenHeader {
  readonly alg: string;
  readonly kid: string;
  readonly typ?: string;
}

// Each of these makes a careless verifier take its key, or the meaning of the signature, from the token itself (RFC 8725
// sections 2.1 and 3.10); `crit` names extensions that must be understood, and none is (RFC 7515 section 4.1.11).
const REFUSED = ["crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc", "epk"];

const MOST_REMEMBERED = 32;

/**
 * Binds the types that are accepted, and answers the function that reads a header. Headers that were found good are remembered:
 * an issuer's tokens have one for each of its keys.
 *
 * @throws (the bound function) SignetError `token_malformed`, `token_header_refused`, `token_kid_missing` or `token_type_refused`
 */
export function headerReader(types: readonly string[] | null): (part: string) => TokenHeader {
  const remembered = new Map<string, TokenHeader>();
  const accepted = types && new Set(types.map(normalType));
  return (part) => {
    const known = remembered.get(part);
    if (known !== undefined) return known;
    const header = readHeader(part, accepted);
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    remembered.set(part, header);
    return header;
  };
}

function readHeader(part: string, types: ReadonlySet<string> | null): TokenHeader {
  const header = parseObject(part, "header");
  const { alg, kid, typ } = header;
  if (typeof alg !== "string" || alg === "") throw new SignetError("token_malformed", "the token's header names no alg");
  for (const name of REFUSED) {
    if (Object.hasOwn(header, name))
      throw new SignetError("token_header_refused", `the token's header has ${name}, which is never accepted`);
  }
  if (kid === undefined) throw new SignetError("token_kid_missing", "Token has no Key ID");
  if (typeof kid !== "string") throw new SignetError("token_malformed", "the token's kid is not a text");
  if (typ !== undefined && typeof typ !== "string") throw new SignetError("token_malformed", "the token's typ is not a text");
  // RFC 8725 section 3.11: a token made for one purpose must not serve another.
  if (types !== null && typ !== undefined && !types.has(normalType(typ))) {
    throw new SignetError("token_type_refused", "the token's typ is not one that is accepted here");
  }
  return Object.freeze(typ === undefined ? { alg, kid } : { alg, kid, typ });
}

// RFC 7515 section 4.1.9: a media type, in any case, whose "application/" may be left out.
function normalType(type: string): string {
  const lower = type.toLowerCase();
  return lower.startsWith("application/") && !lower.slice(12).includes("/") ? lower.slice(12) : lower;
}
