import { isObject } from "../encoding/object-schema.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import type { DiscoveryDocument, Jwks } from "../keyring/documents.js";
import type { PublicDocuments } from "./contract.js";

type PublicJwk = Jwks["keys"][number];

/** What stands for an entry of a publication that names no key: it is not ours, and told as such. */
const NAMELESS = Object.freeze({ kid: "" }) as PublicJwk;

/**
 * Reads public documents. A damaged publication has no keys: the next tick writes it again from the keyring. So it does where an entry of it
 * is no object with a name.
 */
export function parsePublished(texts: {
  readonly jwks: string | undefined;
  readonly discovery: string | undefined;
}): PublicDocuments {
  const found = objectIn(texts.jwks);
  const keys: unknown = (found as Partial<Jwks> | undefined)?.keys;
  const jwks: Jwks = Array.isArray(keys) ? { ...(found as Jwks), keys: keys.map(named) } : { keys: [] };
  const discovery = objectIn(texts.discovery) as DiscoveryDocument | undefined;
  return discovery === undefined ? { jwks } : { jwks, discovery };
}

function named(entry: unknown): PublicJwk {
  return isObject(entry) && typeof entry.kid === "string" ? (entry as unknown as PublicJwk) : NAMELESS;
}

function objectIn(text: string | undefined): object | undefined {
  if (text === undefined) return undefined;
  try {
    const value = parseStrictJson(text, "a public document");
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
