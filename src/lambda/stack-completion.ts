import type { AwsParts } from "../assemble-aws.js";
import { keyringPlace } from "../aws/names.js";
import { createBucket } from "../aws/s3.js";
import { deleteAllVersions } from "../aws/s3-versions.js";
import { recordCompletion, withdrawFormats } from "../storage/aws/stack-marks.js";
import type { ResourceOutcome, ResourceRequest } from "./custom-resource.js";
import type { ManagerSettings } from "./manager-settings.js";

/** The type of the template's last custom resource. */
export const COMPLETE = "Custom::SignetComplete";

/** The object beside the keyring that says so. */
const MARK = "complete";

/**
 * Records that a stack was made or updated to its end. Once recorded it stays so: whoever deletes the stack keeps its keys. From then
 * on keyrings may be written as this template, which is the one in force, reads them.
 */
export async function markComplete(
  { RequestType, ResourceProperties }: ResourceRequest,
  { transport }: AwsParts,
  { keyring }: ManagerSettings,
): Promise<ResourceOutcome> {
  const { bucket, prefix } = keyringPlace(keyring);
  if (RequestType !== "Delete") {
    await recordCompletion(createBucket(transport, bucket), prefix, Number(ResourceProperties.Formats ?? 1));
  }
  return { Status: "SUCCESS", Data: {} };
}

/** An update to another version begins: until it has come to its end, it may be rolled back to managers that read less. */
export async function beginUpdate(
  { ResourceProperties, OldResourceProperties }: ResourceRequest,
  { transport }: AwsParts,
  { keyring }: ManagerSettings,
): Promise<void> {
  if (ResourceProperties.Version === OldResourceProperties?.Version) return;
  const { bucket, prefix } = keyringPlace(keyring);
  await withdrawFormats(createBucket(transport, bucket), prefix);
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
