import { type AlgorithmName, findAlgorithm } from "../algorithms/table.js";
import { isObject } from "../encoding/object-schema.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";

/**
 * What an issuer needs to sign with a key. Its custodian alone knows what stands in it, and whose it is: it names its custodian as
 * `custody`, which documents of before have not.
 */
export type KeyMaterial = Readonly<Record<string, unknown>>;

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

/** More than any key takes, with room to spare: a document is held in memory as a whole. */
const MAX_DOCUMENT_CHARACTERS = 65_536;

/**
 * Reads an active document.
 *
 * @param text its JSON
 * @param where names its place in errors
 * @throws SignetError `active_document_damaged`
 */
export function parseActiveDocument(text: string, where: string): ActiveDocument {
  if (text.length > MAX_DOCUMENT_CHARACTERS) throw damaged(where, `is longer than ${MAX_DOCUMENT_CHARACTERS} characters`);
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
  if (!isObject(material)) throw damaged(where, "has no material");
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
