import { createObject } from "../../aws/s3.js";
import type { Transport, TransportOptions } from "../../aws/transport.js";
import { SignetError } from "../../errors.js";
import type { OnceStore } from "../contract.js";
import { assertUse, unknowableUse } from "../once-use.js";

/**
 * How long remembering a use may take, for the transport that a store gets: a client waits meanwhile, and S3 answers in tens of
 * milliseconds. Its `endsBy` is the call's own limit.
 */
export const ONCE_TIMES = { deadlineMs: 2_500, attemptMs: 1_000 } as const satisfies Partial<TransportOptions>;

/**
 * What was used, as empty objects in a bucket of its own, which is not versioned and whose lifecycle forgets them: the earliest a day after
 * they were made, at the end of that day by UTC. S3 has room for all. A use is one `PutObject` that must find nothing (`If-None-Match: *`),
 * so that a role needs nothing but that, under the condition key `s3:if-none-match`.
 *
 * A put whose answer was lost is tried again, and then finds itself: that counts as used. It refuses a proof that was good, and never
 * takes one twice.
 *
 * @param transport with `ONCE_TIMES`
 */
export function createS3OnceStore(transport: Transport, bucket: string): OnceStore {
  return Object.freeze({
    // S3 forgets by the object's age alone, and has no shares.
    async createOnce(digest: string, until: number, _share: string) {
      assertUse(digest, until);
      const key = `${digest.slice(0, 2)}/${digest}`;
      try {
        const isFirst = (await createObject(transport, bucket, key)) ?? (await createObject(transport, bucket, key));
        if (isFirst !== undefined) return isFirst;
      } catch (error) {
        throw unknowableUse(error);
      }
      throw unknowableUse(
        new SignetError("aws_unavailable", `s3:PutObject on ${bucket}: another request for the same key is under way`),
      );
    },
  });
}
