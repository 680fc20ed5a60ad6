import { expect, it } from "vitest";
import type { Bucket } from "../../src/aws/s3.js";
import { createS3AuditStore } from "../../src/storage/aws/audit-store.js";

/** A bucket of lines that tells how many objects are asked for at once. */
function bucketOf(lines: number) {
  const seen = { asked: 0, atOnce: 0, underWay: 0 };
  const bucket: Pick<Bucket, "get" | "keys"> = {
    async *keys() {
      for (let number = 1; number <= lines; number++) yield `log/${number}`;
    },
    async get(key) {
      seen.asked += 1;
      seen.underWay += 1;
      seen.atOnce = Math.max(seen.atOnce, seen.underWay);
      await new Promise((resolve) => setImmediate(resolve));
      seen.underWay -= 1;
      if (key === "log/150") throw new Error("no answer");
      return { body: `${key}\n`, etag: "" };
    },
  };
  return { seen, store: createS3AuditStore(bucket as Bucket, "log/") };
}

it("reads the objects of a log some at a time, in their order", async () => {
  const { seen, store } = bucketOf(100);
  const lines: string[] = [];
  for await (const line of store.read()) lines.push(line);
  expect(lines).toStrictEqual(Array.from({ length: 100 }, (_, index) => `log/${index + 1}`));
  expect(seen).toMatchObject({ asked: 100, atOnce: 16 });
});

it("fails with the first that fails, after the lines before it", async () => {
  const { store } = bucketOf(200);
  const lines: string[] = [];
  const all = async () => {
    for await (const line of store.read()) lines.push(line);
  };
  await expect(all()).rejects.toThrow("no answer");
  expect(lines).toHaveLength(144);
});
