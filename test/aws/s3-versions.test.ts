import { describe, expect, it } from "vitest";
import { deleteAllVersions } from "../../src/aws/s3-versions.js";
import type { AwsRequest, Transport } from "../../src/aws/transport.js";

/** A bucket of versions that lists two of them a page. */
function bucketOf(keys: string[], { deletes = true, ends = true } = {}) {
  const versions = keys.map((key, index) => ({ key, id: `v${index}` }));
  const asked: AwsRequest[] = [];
  async function call(request: AwsRequest) {
    asked.push(request);
    const { method, query = {} } = request;
    if (method === "DELETE") {
      const at = versions.findIndex(({ id }) => id === query.versionId);
      if (deletes && at >= 0) versions.splice(at, 1);
      return { status: 204, headers: {}, body: "" };
    }
    const after = Number(query["version-id-marker"]?.slice(1) ?? -1);
    const left = versions.filter(({ id }) => Number(id.slice(1)) > after);
    const page = left.slice(0, 2);
    const [last] = page.slice(-1);
    const entries = page.map(
      ({ key, id }) => `<Version><Key>${encodeURIComponent(key)}</Key><VersionId>${id}</VersionId></Version>`,
    );
    const next =
      last !== undefined && (left.length > 2 || !ends)
        ? `<IsTruncated>true</IsTruncated><NextKeyMarker>${encodeURIComponent(last.key)}</NextKeyMarker><NextVersionIdMarker>${last.id}</NextVersionIdMarker>`
        : "<IsTruncated>false</IsTruncated>";
    return { status: 200, headers: {}, body: `<ListVersionsResult>${next}${entries.join("")}</ListVersionsResult>` };
  }
  return { versions, asked, transport: { call, region: "eu-central-1" } as unknown as Transport };
}

describe("deleting every version below a prefix", () => {
  it("goes through all pages, also where the object that stays fills the first ones", async () => {
    const { versions, transport, asked } = bucketOf(["stays", "stays", "stays", "a&b c", "a&b c", "z"]);
    await deleteAllVersions(transport, "b", "", "stays");
    expect(versions.map(({ key }) => key)).toStrictEqual(["stays", "stays", "stays"]);
    expect(asked.find(({ path }) => path.includes("a"))?.path).toBe("/b/a%26b%20c");
  });

  it("is an error where what was deleted is still there", async () => {
    const { transport, asked } = bucketOf(["a"], { deletes: false });
    await expect(deleteAllVersions(transport, "b", "")).rejects.toMatchObject({
      message: expect.stringContaining("still there after they were deleted"),
    });
    expect(asked.length).toBeLessThan(30);
  });
});
