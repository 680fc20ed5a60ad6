import { parseStrictJson } from "../encoding/strict-json.js";
import type { DiscoveryDocument, Jwks } from "../keyring/documents.js";
import type { PublicDocuments } from "./contract.js";

/** Reads public documents. A damaged publication has no keys: the next tick writes it again from the keyring. */
export function parsePublished(texts: {
  readonly jwks: string | undefined;
  readonly discovery: string | undefined;
}): PublicDocuments {
  const found = objectIn(texts.jwks);
  const jwks: Jwks = Array.isArray((found as Partial<Jwks> | undefined)?.keys) ? (found as Jwks) : { keys: [] };
  const discovery = objectIn(texts.discovery) as DiscoveryDocument | undefined;
  return discovery === undefined ? { jwks } : { jwks, discovery };
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
