import type { Bucket, StoredObject } from "../../aws/s3.js";
import { SignetError } from "../../errors.js";
import { PUBLIC_CACHE_CONTROL } from "../../keyring/documents.js";
import type { PublicDocuments, PublicStore } from "../contract.js";
import { parsePublished } from "../published.js";

/**
 * The public documents as objects in S3, under the paths at which verifiers ask for them and with the headers that they get.
 *
 * @param prefix what the keys of its objects begin with
 */
export function createS3PublicStore(bucket: Bucket, prefix: string): PublicStore {
  const jwksKey = `${prefix}.well-known/jwks.json`;
  const discoveryKey = `${prefix}.well-known/openid-configuration`;
  const objects = async () => Promise.all([bucket.get(jwksKey), bucket.get(discoveryKey)]);

  async function put(key: string, document: object, ifMatch: string | null): Promise<void> {
    const body = JSON.stringify(document);
    const input = { key, body, contentType: "application/json", cacheControl: PUBLIC_CACHE_CONTROL, ifMatch };
    if ((await bucket.put(input)) === undefined && (await bucket.get(key))?.body !== body) {
      throw new SignetError("keyring_conflict", `${key} was published by somebody else meanwhile; try again`);
    }
  }

  return Object.freeze({
    async read() {
      const found = await objects();
      const tag = tagOf(found);
      if (tag === null) return undefined;
      const [jwks, discovery] = found;
      return { ...parsePublished({ jwks: jwks?.body, discovery: discovery?.body }), tag };
    },
    async publish({ jwks, discovery }: PublicDocuments, tag: string | null) {
      const [jwksTag, discoveryTag] = tag === null ? [null, null] : (JSON.parse(tag) as (string | null)[]);
      await put(jwksKey, jwks, jwksTag ?? null);
      if (discovery === undefined) await bucket.delete(discoveryKey);
      else await put(discoveryKey, discovery, discoveryTag ?? null);
    },
  });
}

function tagOf(found: readonly (StoredObject | undefined)[]): string | null {
  return found.every((each) => each === undefined) ? null : JSON.stringify(found.map((each) => each?.etag ?? null));
}
