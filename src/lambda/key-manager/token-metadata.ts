import { type DiscoveryDocument, withTokenEndpoint } from "../../keyring/documents.js";
import type { PublicStore } from "../../storage/contract.js";

/** The stack's callers have no secrets. */
const ENDPOINT = { takesSecrets: false };

/**
 * Public documents whose metadata also says where clients get tokens. The manager, which decides them by the keyring, sees them without
 * that; what was published otherwise is none for it, so that it publishes anew.
 */
export function withTokenMetadata(store: PublicStore): PublicStore {
  return Object.freeze({
    async read() {
      const found = await store.read();
      if (found?.discovery === undefined) return found;
      const { discovery, ...others } = found;
      const base = withoutEndpoint(discovery);
      return isSame(withTokenEndpoint(base, ENDPOINT), discovery) ? { ...others, discovery: base } : others;
    },
    publish: ({ jwks, discovery }, tag) =>
      store.publish(discovery === undefined ? { jwks } : { jwks, discovery: withTokenEndpoint(discovery, ENDPOINT) }, tag),
  } satisfies PublicStore);
}

function withoutEndpoint(document: DiscoveryDocument): DiscoveryDocument {
  const { issuer: _, ...added } = withTokenEndpoint({ issuer: "" } as DiscoveryDocument, ENDPOINT);
  const own = Object.entries(document).filter(([name]) => !Object.hasOwn(added, name));
  return Object.fromEntries(own) as unknown as DiscoveryDocument;
}

function isSame(left: object, right: object): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
