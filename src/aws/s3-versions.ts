import { objectPath } from "./s3.js";
import type { Transport } from "./transport.js";

/**
 * Deletes every version of every object whose key begins so, delete markers too.
 *
 * @param except the key of an object that stays
 */
export async function deleteAllVersions(transport: Transport, bucket: string, prefix: string, except?: string): Promise<void> {
  const call = (action: string, method: "GET" | "DELETE", key: string, query: Readonly<Record<string, string>>) =>
    transport.call({
      service: "s3",
      action: `s3:${action}`,
      resource: `${bucket}/${key}`,
      method,
      path: objectPath(bucket, key),
      query,
      accepts: [404],
    });

  for (;;) {
    const { body } = await call("ListBucketVersions", "GET", "", { versions: "", prefix, "encoding-type": "url" });
    const listed = [...body.matchAll(/<(?:Version|DeleteMarker)>([\s\S]*?)<\/(?:Version|DeleteMarker)>/g)].map(
      ([, entry = ""]) => ({
        key: decodeURIComponent(within(entry, "Key").replaceAll("+", " ")),
        versionId: within(entry, "VersionId"),
      }),
    );
    const found = listed.filter(({ key }) => key !== except);
    if (found.length === 0) return;
    for (const { key, versionId } of found) await call("DeleteObjectVersion", "DELETE", key, { versionId });
  }
}

function within(entry: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)<`).exec(entry)?.[1] ?? "";
}
