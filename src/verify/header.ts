import { type Algorithm, type AlgorithmName, findAlgorithm } from "../algorithms/table.js";
import { isOptionalText, isText } from "../encoding/list-of.js";
import { SignetError } from "../errors.js";
import { parseObject } from "./token.js";

/** A token's header, as far as it is understood. Other members of it are no part of the answer. */
export interface TokenHeader {
  readonly alg: AlgorithmName;
  /** Absent where the token named none, and only one key could be meant. */
  readonly kid?: string;
  readonly typ?: string;
}

/** What a header must say. */
export interface HeaderChecks {
  /**
   * The header's `typ` that is accepted (RFC 8725 section 3.11), compared without case and without `application/`. By default
   * `JWT` or no `typ` at all, and `at+jwt` (RFC 9068) for the purpose "access"; where types are named a token must have one of them.
   * `null` accepts any.
   */
  readonly types?: readonly string[] | null | undefined;
  /**
   * Parameters of the header that are passed over instead of refused: `jku`, `x5u` and `x5c`. No key is ever taken, or fetched, from
   * them. Others that change what a signature means (`crit`, `jwk`, `b64`, `zip`) can never be ignored.
   */
  readonly ignoredHeaders?: readonly IgnorableHeader[] | undefined;
}

/** Parameters that say where a key is, which the verifier knows already. */
export type IgnorableHeader = "jku" | "x5u" | "x5c";

/** What a token is shown for, where that is known: `access` where a request carries it. */
export type TokenPurpose = "access";

/** A header that was read, with the table's entry of its algorithm. */
export interface ReadHeader {
  readonly header: TokenHeader;
  readonly algorithm: Algorithm;
  /** It is accepted for the purpose "access" alone. */
  readonly isForAccess: boolean;
}

// Each of these makes a careless verifier take its key, or the meaning of the signature, from the token itself (RFC 8725
// sections 2.1 and 3.10); `crit` names extensions that must be understood, and none is (RFC 7515 section 4.1.11).
const REFUSED = ["crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc", "epk"];

/**
 * Binds the types that are accepted, and answers the function that reads a header.
 *
 * @param checks options as `readVerifierOptions` answers them
 *
 * @throws (the bound function) SignetError `token_malformed`, `token_header_refused`, `token_algorithm_refused` or
 *   `token_type_refused`
 */
export function headerReader({ types, ignoredHeaders = [] }: HeaderChecks): (part: string, purpose?: TokenPurpose) => ReadHeader {
  // A token made for one purpose, a logout token for example, comes from the same issuer and key, and must not serve another.
  const accepted = types === undefined ? ["jwt", undefined] : types?.map(normalType);
  const never = REFUSED.filter((name) => !(ignoredHeaders as readonly string[]).includes(name));
  return (part, purpose) => {
    const header = parseObject(part, "header");
    const { kid, typ, alg } = header;
    const refused = never.find((name) => Object.hasOwn(header, name));
    if (refused) {
      throw new SignetError("token_header_refused", `the token's header has ${refused}, which is not accepted`, {
        field: refused,
      });
    }
    if (!isOptionalText(kid) || !isOptionalText(typ) || !isText(alg)) {
      throw new SignetError("token_malformed", "the token's header has an alg, kid or typ that is not a text");
    }
    const algorithm = findAlgorithm(alg);
    if (!algorithm) throw new SignetError("token_algorithm_refused", "the token's alg is not accepted");
    const type = typ && normalType(typ);
    const isForAccess = types === undefined && type === "at+jwt";
    if (accepted && !accepted.includes(type) && !(isForAccess && purpose === "access")) {
      throw new SignetError("token_type_refused", "the token's typ is not one that is accepted here");
    }
    const named = { alg: algorithm.name, ...(kid !== undefined && { kid }), ...(typ !== undefined && { typ }) };
    return { header: Object.freeze(named), algorithm, isForAccess };
  };
}

/** A type as types are compared: a media type, in any case, whose "application/" may be left out (RFC 7515 section 4.1.9). */
export function normalType(type: string): string {
  return type.toLowerCase().replace(/^application\/(?=[^/]*$)/, "");
}
