/** S3, one region's path-style endpoint: rules from its API reference and the user guide's "Conditional requests". */
import { createHash, randomBytes } from "node:crypto";
import { Refusal } from "./refusal.mjs";

const MAX_KEYS = 1_000;
const xml = (text) => text.replace(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** @param {{ partition: string, accountId: string, now: () => number }} world */
export function createS3Fake(world) {
  const buckets = new Map();

  function bucketOf(name) {
    const bucket = buckets.get(name);
    if (bucket === undefined) throw new Refusal("NoSuchBucket", "The specified bucket does not exist", 404);
    return bucket;
  }

  const latest = (bucket, key) => {
    const version = bucket.objects.get(key)?.at(-1);
    return version === undefined || version.isDeleted ? undefined : version;
  };

  function find(bucket, key, versionId) {
    if (versionId === null) {
      const found = latest(bucket, key);
      if (found === undefined) throw new Refusal("NoSuchKey", "The specified key does not exist.", 404);
      return found;
    }
    const found = bucket.objects.get(key)?.find(({ version }) => version === versionId);
    if (found === undefined) throw new Refusal("NoSuchVersion", "The specified version does not exist.", 404);
    // GetObject: a delete marker that is named by its version takes no GET.
    if (found.isDeleted) throw new Refusal("MethodNotAllowed", "The specified method is not allowed against this resource.", 405);
    return found;
  }

  function get(bucket, key, headers, versionId) {
    const found = find(bucket, key, versionId);
    const answer = {
      etag: found.etag,
      "content-type": found.contentType,
      "x-amz-version-id": found.version,
      "last-modified": new Date(found.at).toUTCString(),
      ...(found.cacheControl && { "cache-control": found.cacheControl }),
    };
    if (headers["if-none-match"] === found.etag) return { status: 304, headers: answer, body: "" };
    return { status: 200, headers: answer, body: found.body };
  }

  function put(bucket, key, headers, body) {
    const present = latest(bucket, key);
    const md5 = createHash("md5").update(body).digest();
    // PutObject, "Content-MD5".
    if (headers["content-md5"] !== undefined && headers["content-md5"] !== md5.toString("base64"))
      throw new Refusal(
        "BadDigest",
        "The Content-MD5 or checksum value that you specified did not match what the server received.",
      );
    // PutObject: If-None-Match takes only "*"; If-Match on an object that is not there is 404, on another one 412.
    if (headers["if-none-match"] !== undefined) {
      if (headers["if-none-match"] !== "*")
        throw new Refusal("NotImplemented", "A header you provided implies functionality that is not implemented", 501);
      if (present !== undefined)
        throw new Refusal("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412);
    }
    if (headers["if-match"] !== undefined) {
      if (present === undefined) throw new Refusal("NoSuchKey", "The specified key does not exist.", 404);
      if (headers["if-match"] !== present.etag)
        throw new Refusal("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412);
    }
    const version = {
      body,
      etag: `"${md5.toString("hex")}"`,
      version: randomBytes(16).toString("base64url"),
      contentType: headers["content-type"] ?? "binary/octet-stream",
      cacheControl: headers["cache-control"],
      at: world.now(),
    };
    bucket.objects.set(key, [...(bucket.objects.get(key) ?? []), version]);
    return { status: 200, headers: { etag: version.etag, "x-amz-version-id": version.version }, body: "" };
  }

  function list(name, bucket, query) {
    if (query.get("list-type") !== "2") throw new Refusal("NotImplemented", "only ListObjectsV2", 501);
    const prefix = query.get("prefix") ?? "";
    // ListObjectsV2, "start-after": where a token goes on, it has no effect.
    const token = query.get("continuation-token");
    const after = token === null ? (query.get("start-after") ?? "") : Buffer.from(token, "base64").toString();
    const keys = [...bucket.objects.keys()]
      .filter((key) => latest(bucket, key) && key.startsWith(prefix) && key > after)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const shown = keys.slice(0, bucket.pageSize ?? MAX_KEYS);
    const more =
      keys.length > shown.length
        ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${Buffer.from(shown.at(-1)).toString("base64")}</NextContinuationToken>`
        : "<IsTruncated>false</IsTruncated>";
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult><Name>${name}</Name>${shown.map((key) => `<Contents><Key>${xml(key)}</Key></Contents>`).join("")}${more}</ListBucketResult>`;
    return { status: 200, headers: { "content-type": "application/xml" }, body };
  }

  /** @returns what is asked: the action, its resource, and the function that answers */
  function route({ method, path, query, headers, body }) {
    const [, name = "", ...rest] = path.split("/");
    const key = rest.map(decodeURIComponent).join("/");
    const arn = `arn:${world.partition}:s3:::${name}${key === "" ? "" : `/${key}`}`;
    const actions = {
      GET:
        key === "" && query.has("versions")
          ? ["ListBucketVersions", () => listVersions(bucketOf(name), query)]
          : key === ""
            ? ["ListBucket", () => list(name, bucketOf(name), query)]
            : ["GetObject", () => get(bucketOf(name), key, headers, query.get("versionId"))],
      HEAD:
        key === ""
          ? ["ListBucket", () => bucketOf(name) && { status: 200, headers: {}, body: "" }]
          : ["GetObject", () => get(bucketOf(name), key, headers, query.get("versionId"))],
      PUT:
        key === ""
          ? ["CreateBucket", () => createAsked(name)]
          : ["PutObject", () => assertOwner(name, headers) ?? put(bucketOf(name), key, headers, body)],
      DELETE: query.has("versionId")
        ? ["DeleteObjectVersion", () => removeVersion(bucketOf(name), key, query.get("versionId"))]
        : ["DeleteObject", () => remove(bucketOf(name), key)],
    };
    const found = actions[method];
    if (found === undefined)
      throw new Refusal("MethodNotAllowed", "The specified method is not allowed against this resource.", 405);
    return { action: found[0], resource: arn, answer: found[1] };
  }

  // A delete in a versioned bucket leaves the versions and puts a marker on top.
  function remove(bucket, key) {
    if (latest(bucket, key)) bucket.objects.get(key).push({ isDeleted: true, version: randomBytes(16).toString("base64url") });
    return { status: 204, headers: {}, body: "" };
  }

  // ListObjectVersions: newest first, delete markers among them.
  function listVersions(bucket, query) {
    const prefix = query.get("prefix") ?? "";
    const all = [...bucket.objects].flatMap(([key, versions]) =>
      key.startsWith(prefix) ? [...versions].reverse().map((version) => ({ key, ...version })) : [],
    );
    const nameOf = (key) => (query.get("encoding-type") === "url" ? encodeURIComponent(key).replaceAll("%20", "+") : xml(key));
    const entries = all.slice(0, bucket.pageSize ?? MAX_KEYS).map(({ key, version, isDeleted }) => {
      const kind = isDeleted ? "DeleteMarker" : "Version";
      return `<${kind}><Key>${nameOf(key)}</Key><VersionId>${version}</VersionId></${kind}>`;
    });
    return {
      status: 200,
      headers: { "content-type": "application/xml" },
      body: `<ListVersionsResult>${entries.join("")}</ListVersionsResult>`,
    };
  }

  function removeVersion(bucket, key, versionId) {
    const left = (bucket.objects.get(key) ?? []).filter(({ version }) => version !== versionId);
    if (left.length === 0) bucket.objects.delete(key);
    else bucket.objects.set(key, left);
    return { status: 204, headers: {}, body: "" };
  }

  const create = (name, pageSize, owner = world.accountId) => buckets.set(name, { objects: new Map(), pageSize, owner });

  // CreateBucket: outside us-east-1 one's own bucket of that name is a conflict.
  function createAsked(name) {
    if (buckets.has(name))
      throw new Refusal("BucketAlreadyOwnedByYou", "The bucket that you tried to create already exists", 409);
    create(name);
    return { status: 200, headers: {}, body: "" };
  }

  // "Verifying bucket ownership with bucket owner condition".
  function assertOwner(name, headers) {
    const expected = headers["x-amz-expected-bucket-owner"];
    if (expected !== undefined && bucketOf(name).owner !== expected) throw new Refusal("AccessDenied", "Access Denied", 403);
  }

  // Service authorization reference, "Amazon S3": a key is in a request's context only where the request has the header, so that `Null` asks
  // for that. CompleteMultipartUpload and CopyObject have them as well; nobody makes these calls here.
  function contextOf(action, headers) {
    const names = action === "s3:PutObject" ? ["if-none-match", "if-match"] : [];
    return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[`s3:${name}`, headers[name]]])));
  }

  return { route, contextOf, state: buckets, create };
}
