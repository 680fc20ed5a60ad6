import type { Bucket } from "../../aws/s3.js";
import { SignetError } from "../../errors.js";
import type { Keyring } from "../../keyring/keyring.js";
import { keyringText, parseKeyring } from "../../keyring/parse.js";
import type { KeyringStore } from "../contract.js";
import { readableVersion } from "./stack-marks.js";

/**
 * The keyring as an object in S3. Its tag is the object's ETag; a write is conditional on it.
 *
 * @param prefix what the keys of the installation's objects begin with
 */
export function createS3KeyringStore(bucket: Bucket, prefix: string): KeyringStore {
  const key = `${prefix}keyring.json`;
  return Object.freeze({
    readableVersion: () => readableVersion(bucket, prefix),
    async read() {
      const found = await bucket.get(key);
      return found === undefined ? undefined : { keyring: parseKeyring(found.body, key), tag: found.etag };
    },
    async write(keyring: Keyring, tag: string | null) {
      const body = keyringText(keyring);
      const etag = await bucket.put({ key, body, contentType: "application/json", ifMatch: tag });
      if (etag !== undefined) return etag;
      // A write whose answer was lost is refused when it is tried again: what stands there is then its own text.
      const present = await bucket.get(key);
      if (present?.body === body) return present.etag;
      throw new SignetError(
        "keyring_conflict",
        `${key} was changed by another process meanwhile; nothing was written, try again`,
      );
    },
  });
}
