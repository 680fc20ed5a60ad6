/**
 * The strict fake as a process of its own, for the sessions of docs/transcripts/fake: prints the environment that leads there as JSON, and
 * serves until it is ended. What an operator does to AWS itself, as an AWS CLI would, is asked for at `FAKE_AWS` (see aws-cli.mjs).
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { startFakeAws } from "./fake-aws.mjs";

const aws = await startFakeAws();
aws.createBucket("my-drill-bucket");

/** @param {{ Bucket: string }} input */
const objectsOf = ({ Bucket }) => aws.state.buckets.get(Bucket).objects;

/** S3 speaks no JSON: of what its command does, as much as the sessions need. @type {Record<string, (input: any) => object>} */
const s3api = {
  DeleteObject(input) {
    const { Key, VersionId } = input;
    const versions = objectsOf(input).get(Key) ?? [];
    const marker = { isDeleted: true, version: randomBytes(16).toString("base64url"), at: Date.now() };
    const left =
      VersionId === undefined ? [...versions, marker] : versions.filter((/** @type {any} */ each) => each.version !== VersionId);
    objectsOf(input).set(Key, left);
    return {};
  },
  ListObjectVersions(input) {
    const found = [...objectsOf(input)].filter(([key]) => key.startsWith(input.Prefix ?? ""));
    const DeleteMarkers = found.flatMap(([Key, versions]) =>
      versions.filter((/** @type {any} */ each) => each.isDeleted).map(({ version: VersionId }) => ({ Key, VersionId })),
    );
    return { DeleteMarkers };
  },
};

/** @param {string} place */
const bucketIn = (place) => place.replace(/^s3:\/\//, "");

/** `aws s3`, as much as the sessions need. @type {Record<string, (input: any) => void>} */
const s3 = {
  Mb: ({ Places: [place] }) => void aws.createBucket(bucketIn(place)),
  Rb: ({ Places: [place] }) => void aws.state.buckets.delete(bucketIn(place)),
  Sync({ Places: [from, to] }) {
    for (const [key, versions] of objectsOf({ Bucket: bucketIn(from) })) {
      const newest = versions.at(-1);
      if (newest !== undefined && !newest.isDeleted) objectsOf({ Bucket: bucketIn(to) }).set(key, [newest]);
    }
  },
};

const control = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { service, action, input } = JSON.parse(Buffer.concat(chunks).toString());
  try {
    const own = { s3, s3api }[/** @type {string} */ (service)];
    const answer = own === undefined ? aws.perform(service, action, input) : own[action]?.(input);
    response.end(JSON.stringify(answer ?? {}, undefined, 4));
  } catch (error) {
    const { code, message } = /** @type {{ code?: string, message?: string }} */ (error);
    response.writeHead(400).end(`${code}: ${message}`);
  }
});
control.listen(0, "127.0.0.1", () => {
  const { port } = /** @type {import("node:net").AddressInfo} */ (control.address());
  process.stdout.write(`${JSON.stringify({ ...aws.env, FAKE_AWS: `http://127.0.0.1:${port}` })}\n`);
});
