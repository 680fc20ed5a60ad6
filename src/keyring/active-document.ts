import type { PublicJwk } from "../algorithms/jwk.js";
import { type AlgorithmName, findAlgorithm } from "../algorithms/table.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";

/** What an issuer needs to sign with a key, by custodian. Only `pkcs8` is secret by itself. */
export type KeyMaterial =
  | { readonly file: string }
  | { readonly pkcs8: string }
  | { readonly keyArn: string; readonly publicJwk: PublicJwk }
  | { readonly wrapped: string; readonly publicJwk: PublicJwk }
  | { readonly secretArn: string; readonly version: string };

/** What an issuer reads to sign. The highest `sequence` wins. */
export interface ActiveDocument {
  /** Allocated in the keyring before the document is written; never used twice. */
  readonly sequence: number;
  readonly kid: string;
  readonly alg: AlgorithmName;
  /** The longest life, in seconds, that an issuer may give a token of this key. */
  readonly maxTtlSeconds: number;
  readonly material: KeyMaterial;
}

const MATERIAL_MEMBERS = ["file", "pkcs8", "keyArn", "wrapped", "secretArn"] as const;

/**
 * Reads an active document.
 *
 * @param text its JSON
 * @param where names its place in errors
 * @throws SignetError `active_document_damaged`
 */
export function parseActiveDocument(text: string, where: string): ActiveDocument {
  let value: Partial<ActiveDocument> | null;
  try {
    value = parseStrictJson(text, where) as Partial<ActiveDocument> | null;
  } catch (error) {
    throw damaged(where, "is not JSON", error);
  }
  if (typeof value !== "object" || value === null) throw damaged(where, "is not an object");
  const { sequence, kid, alg, maxTtlSeconds, material } = value;
  if (!isCount(sequence)) throw damaged(where, "has no sequence");
  if (typeof kid !== "string" || kid === "") throw damaged(where, "has no kid");
  if (findAlgorithm(alg) === undefined) throw damaged(where, "has no known alg");
  if (!isCount(maxTtlSeconds)) throw damaged(where, "has no maxTtlSeconds");
  if (typeof material !== "object" || material === null || !MATERIAL_MEMBERS.some((name) => name in material)) {
    throw damaged(where, "has no material that this version knows");
  }
  return { sequence, kid, alg: alg as AlgorithmName, maxTtlSeconds, material };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function damaged(where: string, what: string, cause?: unknown): SignetError {
  return new SignetError(
    "active_document_damaged",
    `${where} ${what}: move it away, then \`signet keys repair --mend\` writes it again`,
    {
      cause,
    },
  );
}
