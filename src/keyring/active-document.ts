import type { PublicJwk } from "../algorithms/jwk.js";
import { type AlgorithmName, findAlgorithm } from "../algorithms/table.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";
import type { Custody } from "./key-record.js";

/** What an issuer needs to sign with a key, by custodian. Only `pkcs8` is secret by itself. */
export type KeyMaterial =
  | { readonly file: string }
  | { readonly pkcs8: string; readonly publicJwk: PublicJwk }
  | { readonly keyArn: string; readonly spki: string }
  | { readonly wrapped: string; readonly id: string; readonly publicJwk: PublicJwk }
  | { readonly secretArn: string; readonly version: string };

/** What an issuer reads to sign. The highest `sequence` wins. */
export interface ActiveDocument {
  /** Absent in version 1. Members that came with 2 are in no other; readers of version 1 alone skip them. */
  readonly version?: 2;
  /** Allocated in the keyring before the document is written; never used twice. */
  readonly sequence: number;
  readonly kid: string;
  readonly alg: AlgorithmName;
  /** The longest life, in seconds, that an issuer may give a token of this key. */
  readonly maxTtlSeconds: number;
  readonly material: KeyMaterial;
  /** Since version 2: true where issuers may sign tokens without `exp`. No issuer's own limits allow it otherwise. */
  readonly endless?: true;
  /** Since version 2: how long an issuer may sign without having confirmed this document again. */
  readonly maxAgeSeconds?: number;
}

/** The member of its material by which a document tells who holds the key. */
const HOLDERS: readonly (readonly ["file" | "pkcs8" | "secretArn" | "keyArn" | "wrapped", Custody])[] = [
  ["file", "file"],
  ["pkcs8", "parameter-store"],
  ["secretArn", "secrets-manager"],
  ["keyArn", "kms"],
  ["wrapped", "kms-data-key"],
];

/** Who opens a key of such material; `undefined` where this version knows none. */
export function custodyOf(material: object): Custody | undefined {
  return HOLDERS.find(([member]) => member in material)?.[1];
}

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
  const { version, sequence, kid, alg, maxTtlSeconds, material, endless, maxAgeSeconds } = value;
  if (version !== undefined && version !== 2) throw damaged(where, "has a version that this signet does not know");
  if (!isCount(sequence)) throw damaged(where, "has no sequence");
  if (typeof kid !== "string" || kid === "") throw damaged(where, "has no kid");
  if (findAlgorithm(alg) === undefined) throw damaged(where, "has no known alg");
  if (!isCount(maxTtlSeconds)) throw damaged(where, "has no maxTtlSeconds");
  if (typeof material !== "object" || material === null || custodyOf(material) === undefined) {
    throw damaged(where, "has no material that this version knows");
  }
  if (version === 2 && endless !== undefined && endless !== true) throw damaged(where, "has an endless that is not true");
  if (version === 2 && maxAgeSeconds !== undefined && !isCount(maxAgeSeconds)) throw damaged(where, "has no maxAgeSeconds");
  const limits = { ...(endless === true && { endless }), ...(maxAgeSeconds !== undefined && { maxAgeSeconds }) };
  const read = { sequence, kid, alg: alg as AlgorithmName, maxTtlSeconds, material };
  return version === 2 ? { version, ...read, ...limits } : read;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function damaged(where: string, what: string, cause?: unknown): SignetError {
  return new SignetError(
    "active_document_damaged",
    `${where} ${what}: move it away, then \`signet keys repair --yes\` writes it again`,
    {
      cause,
    },
  );
}
