import type { Bucket } from "../../aws/s3.js";
import { SignetError } from "../../errors.js";
import type { AuditStore } from "../contract.js";

/** Enough digits that the keys' order is the numbers'. */
const DIGITS = 12;
/** So many objects are asked for at once: one after another they would take a tenth of a second each. */
const AT_ONCE = 16;

/**
 * The audit log as objects in S3, a line each: an object is made once and never written over.
 *
 * @param prefix what the keys of its objects begin with
 */
export function createS3AuditStore(bucket: Bucket, prefix: string): AuditStore {
  return Object.freeze({
    async append(number: number, line: string) {
      const key = `${prefix}${numberText(number)}.json`;
      const etag = await bucket.put({ key, body: `${line}\n`, contentType: "application/json", ifMatch: null });
      if (etag === undefined && (await bucket.get(key))?.body !== `${line}\n`) {
        throw new SignetError(
          "store_failed",
          `${key} holds another line: the log was changed outside Signet; \`signet audit begin\` begins a new chain beside it`,
        );
      }
    },
    async *read(after = 0) {
      const asked: ReturnType<Bucket["get"]>[] = [];
      let read = 0;
      const next = async () => (await asked.shift())?.body.trimEnd();
      for await (const key of bucket.keys(prefix, `${prefix}${numberText(after)}.json`)) {
        const got = bucket.get(key);
        // Who takes no more lines waits for none.
        got.catch(() => undefined);
        asked.push(got);
        // Who wants the first line alone asks for no other.
        if (asked.length <= Math.min(read, AT_ONCE)) continue;
        read += 1;
        const line = await next();
        if (line) yield line;
      }
      while (asked.length > 0) {
        const line = await next();
        if (line) yield line;
      }
    },
  });
}

function numberText(number: number): string {
  return String(number).padStart(DIGITS, "0");
}
