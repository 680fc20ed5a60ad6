import { AwsFailure } from "./failure.js";
import { pages } from "./pages.js";
import { percentEncoded } from "./sigv4.js";
import type { AwsRequest, Transport } from "./transport.js";

/** An object that was read. */
interface StoredObject {
  readonly body: string;
  readonly etag: string;
}

/** An object as it is written. */
interface ObjectInput {
  readonly key: string;
  readonly body: string;
  readonly contentType: string;
  readonly cacheControl?: string | undefined;
  /** The ETag that the present object must have; `null` where there must be none. */
  readonly ifMatch: string | null;
}

/** The calls to one S3 bucket that Signet makes. */
export interface Bucket {
  readonly name: string;
  /** @returns `undefined` where there is none */
  get(key: string): Promise<StoredObject | undefined>;
  /** @returns the new ETag; `undefined`, with nothing changed, where the condition does not hold */
  put(input: ObjectInput): Promise<string | undefined>;
  /** Absent is success. */
  delete(key: string): Promise<void>;
  /** Every key that begins so and stands after another, in order. */
  keys(prefix: string, after?: string): AsyncIterable<string>;
  /** The time by the service, as a NumericDate. */
  time(): Promise<number>;
}

/** Where an object is: the bucket's name stands in the path. An empty key is the bucket itself. */
export function objectPath(bucket: string, key: string): string {
  return `/${bucket}${key === "" ? "" : `/${key.split("/").map(percentEncoded).join("/")}`}`;
}

/** Binds a bucket. Its name stands in the path: that works for every name, and for every endpoint. */
export function createBucket(transport: Transport, bucket: string): Bucket {
  const request = (method: AwsRequest["method"], action: string, key: string): AwsRequest => ({
    service: "s3",
    action: `s3:${action}`,
    resource: `${bucket}/${key}`,
    method,
    path: objectPath(bucket, key),
  });

  return Object.freeze({
    name: bucket,
    async get(key) {
      const { status, headers, body } = await transport.call({ ...request("GET", "GetObject", key), accepts: [404] });
      if (status !== 404) return { body, etag: headers.etag ?? "" };
      if (body.includes("<Code>NoSuchBucket<")) throw noBucket(bucket, transport.region);
      return undefined;
    },
    async put({ key, body, contentType, cacheControl, ifMatch }) {
      const condition: Record<string, string> = ifMatch === null ? { "if-none-match": "*" } : { "if-match": ifMatch };
      if (cacheControl !== undefined) condition["cache-control"] = cacheControl;
      const headers = { "content-type": contentType, ...condition };
      // A condition on an object that is gone is answered with 404.
      const answer = await transport.call({ ...request("PUT", "PutObject", key), headers, body, accepts: [412, 404] });
      if (answer.body.includes("<Code>NoSuchBucket<")) throw noBucket(bucket, transport.region);
      return answer.status < 300 ? (answer.headers.etag ?? "") : undefined;
    },
    async delete(key) {
      await transport.call(request("DELETE", "DeleteObject", key));
    },
    async *keys(prefix, after) {
      const ask = (token: string | undefined) => {
        const from = {
          ...(after !== undefined && { "start-after": after }),
          ...(token !== undefined && { "continuation-token": token }),
        };
        return transport.call({ ...request("GET", "ListBucket", ""), query: { "list-type": "2", prefix, ...from } });
      };
      for await (const { body } of pages("s3:ListBucket", ask, nextToken))
        for (const [, key = ""] of body.matchAll(/<Key>([^<]*)<\/Key>/g)) yield unescaped(key);
    },
    async time() {
      const { headers } = await transport.call({ ...request("HEAD", "ListBucket", ""), accepts: [404] });
      return Math.floor(Date.parse(headers.date ?? "") / 1_000);
    },
  } satisfies Bucket);
}

/**
 * Makes an empty object where there is none. Its key is all it says: who may only put can make it, and none is ever written over.
 *
 * @returns whether it was made; `undefined` where another request for the same key is under way (409): which of them wins is not known yet
 */
export async function createObject(transport: Transport, bucket: string, key: string): Promise<boolean | undefined> {
  const { status } = await transport.call({
    service: "s3",
    action: "s3:PutObject",
    resource: `${bucket}/${key}`,
    method: "PUT",
    path: objectPath(bucket, key),
    headers: { "if-none-match": "*" },
    accepts: [404, 409, 412],
  });
  // Without a condition on what is there, only a bucket can be missing.
  if (status === 404) throw noBucket(bucket, transport.region);
  return status === 409 ? undefined : status < 300;
}

function noBucket(bucket: string, region: string): AwsFailure {
  return new AwsFailure(
    "aws_not_found",
    `there is no bucket ${bucket} in ${region}; make it, or name the right one`,
    "NoSuchBucket",
  );
}

function nextToken({ body }: { readonly body: string }): string | undefined {
  if (body.includes("<IsTruncated>false<")) return undefined;
  // Elsewhere than at AWS it may be a key.
  return unescaped(/<NextContinuationToken>([^<]*)</.exec(body)?.[1] ?? "");
}

function unescaped(text: string): string {
  return text.replace(/&(?:lt|gt|quot|apos|amp|#39);/g, (entity) => ENTITIES.get(entity) as string);
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["&lt;", "<"],
  ["&gt;", ">"],
  ["&quot;", '"'],
  ["&apos;", "'"],
  ["&#39;", "'"],
  ["&amp;", "&"],
]);
