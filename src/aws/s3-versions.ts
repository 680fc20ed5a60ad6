import { AwsFailure } from "./failure.js";
import { pages } from "./pages.js";
import { objectPath } from "./s3.js";
import type { Transport } from "./transport.js";

/** What is written meanwhile is found by the next pass. */
const MAX_PASSES = 10;

/**
 * Deletes every version of every object whose key begins so, delete markers too.
 *
 * @param except the key of an object that stays
 * @throws AwsFailure where versions stay although their deletion was answered with success
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

  async function pass(): Promise<number> {
    let deleted = 0;
    const listing = { versions: "", prefix, "encoding-type": "url" };
    const ask = async (marker: string | undefined) => {
      // Neither half holds the character between them: the key is encoded as in a URL.
      const [key = "", version = ""] = marker?.split("&") ?? [];
      const from = marker === undefined ? {} : { "key-marker": decoded(key), "version-id-marker": version };
      return (await call("ListBucketVersions", "GET", "", { ...listing, ...from })).body;
    };
    for await (const body of pages("s3:ListBucketVersions", ask, nextMarker)) {
      for (const [, entry = ""] of body.matchAll(/<(?:Version|DeleteMarker)>([\s\S]*?)<\/(?:Version|DeleteMarker)>/g)) {
        const [key, versionId] = [decoded(within(entry, "Key")), within(entry, "VersionId")];
        if (key === except) continue;
        await call("DeleteObjectVersion", "DELETE", key, { versionId });
        deleted += 1;
      }
    }
    return deleted;
  }

  for (let passes = 0; passes < MAX_PASSES; passes++) if ((await pass()) === 0) return;
  const words = `s3:DeleteObjectVersion on ${bucket}/${prefix}: versions are still there after they were deleted; is something writing them?`;
  throw new AwsFailure("aws_refused", words, "");
}

function nextMarker(body: string): string | undefined {
  const key = within(body, "NextKeyMarker");
  return key === "" || within(body, "IsTruncated") === "false" ? undefined : `${key}&${within(body, "NextVersionIdMarker")}`;
}

function decoded(key: string): string {
  return decodeURIComponent(key.replaceAll("+", " "));
}

function within(entry: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)<`).exec(entry)?.[1] ?? "";
}
