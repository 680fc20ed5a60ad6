import type { Bucket } from "../../aws/s3.js";
import { parseJson } from "../../encoding/json-names.js";
import { SignetError } from "../../errors.js";
import { PUBLIC_CACHE_CONTROL } from "../../keyring/documents.js";
import type { PublicDocuments, PublicStore } from "../contract.js";
import { parsePublished } from "../published.js";

/** The ETags of the JWKS and of the discovery document, `null` for one that is not there. */
type Tags = readonly [jwks: string | null, discovery: string | null];

/**
 * The public documents as objects in S3, under the paths at which verifiers ask for them and with the headers that they get.
 *
 * @param prefix what the keys of its objects begin with
 */
export function createS3PublicStore(bucket: Bucket, prefix: string): PublicStore {
  const jwksKey = `${prefix}.well-known/jwks.json`;
  const discoveryKey = `${prefix}.well-known/openid-configuration`;

  async function put(key: string, document: object, ifMatch: string | null): Promise<void> {
    const body = JSON.stringify(document);
    const input = { key, body, contentType: "application/json", cacheControl: PUBLIC_CACHE_CONTROL, ifMatch };
    if ((await bucket.put(input)) === undefined && (await bucket.get(key))?.body !== body) {
      throw new SignetError("keyring_conflict", `${key} was published by another process meanwhile; try again`);
    }
  }

  return Object.freeze({
    async read() {
      const [jwks, discovery] = await Promise.all([bucket.get(jwksKey), bucket.get(discoveryKey)]);
      if (jwks === undefined && discovery === undefined) return undefined;
      const tags: Tags = [jwks?.etag ?? null, discovery?.etag ?? null];
      return { ...parsePublished({ jwks: jwks?.body, discovery: discovery?.body }), tag: JSON.stringify(tags) };
    },
    async publish({ jwks, discovery }: PublicDocuments, tag: string | null) {
      const [jwksTag, discoveryTag] = tag === null ? [null, null] : (parseJson(tag) as Tags);
      await put(jwksKey, jwks, jwksTag);
      if (discovery !== undefined) await put(discoveryKey, discovery, discoveryTag);
      else if (discoveryTag !== null) await bucket.delete(discoveryKey);
    },
  });
}
