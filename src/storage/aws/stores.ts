import type { Bucket } from "../../aws/s3.js";
import type { ParameterStore } from "../../aws/ssm.js";
import { describeProcess, holderName, processIdentity, stateByPid } from "../../files/process-identity.js";
import type { Stores } from "../contract.js";
import { createAwsActiveStore } from "./active-store.js";
import { createS3AuditStore } from "./audit-store.js";
import { createS3KeyringStore } from "./keyring-store.js";
import { createS3PublicStore } from "./public-store.js";

/** Where an installation's documents are in S3. */
export interface S3Location {
  readonly bucket: Bucket;
  /** What the keys of its objects begin with: nothing, or a path that ends in a slash. */
  readonly prefix: string;
}

/** The stores of an installation that lives in AWS: the active document in Parameter Store, everything else in S3. */
export function createAwsStores(
  parameters: ParameterStore,
  path: string,
  { bucket, prefix }: S3Location,
  kmsKey?: string,
): Stores {
  return Object.freeze({
    location: `s3://${bucket.name}/${prefix}`,
    keyring: createS3KeyringStore(bucket, prefix),
    active: createAwsActiveStore(parameters, path, kmsKey),
    publicDocuments: createS3PublicStore(bucket, prefix),
    audit: createS3AuditStore(bucket, `${prefix}audit/`),
    holder: processIdentity,
    stateOfHolder: stateByPid,
    describeHolder: describeProcess,
    nameOfHolder: holderName,
    serviceTime: () => bucket.time(),
  });
}
