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
      const keys: string[] = [];
      const lines = async () => {
        const all = await Promise.all(keys.splice(0).map((key) => bucket.get(key)));
        return all.flatMap((got) => got?.body.trimEnd() || []);
      };
      for await (const key of bucket.keys(prefix, `${prefix}${numberText(after)}.json`))
        if (keys.push(key) === AT_ONCE) yield* await lines();
      yield* await lines();
    },
  });
}

function numberText(number: number): string {
  return String(number).padStart(DIGITS, "0");
}
