import type { AwsParts } from "../assemble-aws.js";
import { keyringPlace } from "../aws/names.js";
import { createBucket } from "../aws/s3.js";
import { deleteAllVersions } from "../aws/s3-versions.js";
import type { ResourceOutcome, ResourceRequest } from "./custom-resource.js";
import type { ManagerSettings } from "./manager-settings.js";

/** The type of the template's last custom resource. */
export const COMPLETE = "Custom::SignetComplete";

/** The object beside the keyring that says so. */
const MARK = "complete";

/** Records that a stack was made to its end. Once recorded it stays so: whoever deletes the stack keeps its keys. */
export async function markComplete(
  { RequestType }: ResourceRequest,
  { transport }: AwsParts,
  { keyring }: ManagerSettings,
): Promise<ResourceOutcome> {
  const { bucket, prefix } = keyringPlace(keyring);
  if (RequestType !== "Delete") {
    const body = `${JSON.stringify({ completedAt: new Date().toISOString() })}\n`;
    await createBucket(transport, bucket).put({ key: prefix + MARK, body, contentType: "application/json", ifMatch: null });
  }
  return { Status: "SUCCESS", Data: {} };
}

/**
 * Takes back what a creation that failed has made: private keys with every custodian, the active document, the keyring and the public
 * documents with all their versions, so that the bucket can go too. Of a stack that was complete it takes nothing.
 */
export async function takeBack({ stores, custodians, transport }: AwsParts, { keyring }: ManagerSettings): Promise<void> {
  const { bucket, prefix } = keyringPlace(keyring);
  if ((await createBucket(transport, bucket).get(prefix + MARK)) !== undefined) return;
  for (const { sequence } of await stores.active.read()) await stores.active.delete(sequence);
  for (const custodian of Object.values(custodians)) {
    const ids: string[] = [];
    for await (const id of custodian.list()) ids.push(id);
    for (const id of ids) await custodian.destroy(id);
  }
  await deleteAllVersions(transport, bucket, prefix);
}
