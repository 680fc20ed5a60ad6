import type { AwsParts } from "../../assemble-aws.js";
import { isAws } from "../../aws/failure.js";
import { keyringPlace } from "../../aws/names.js";
import { type Bucket, createBucket } from "../../aws/s3.js";
import { deleteAllVersions } from "../../aws/s3-versions.js";
import { stackStatus } from "../../aws/stack-status.js";
import { keepsNames } from "../../custody/contract.js";
import { ownMember } from "../../encoding/own-member.js";
import {
  beginCreation,
  incompleteKey,
  isIncomplete,
  isJustCompletedBy,
  recordCompletion,
  withdrawFormats,
  writeIncomplete,
} from "../../storage/aws/stack-marks.js";
import { failureOf } from "../shared/report.js";
import type { ResourceOutcome, ResourceRequest } from "./custom-resource.js";
import type { ManagerSettings } from "./settings.js";
import type { ManagerDeps } from "./stack-keys.js";

/** The type of the template's last custom resource. */
export const COMPLETE = "Custom::SignetComplete";

/**
 * Records that a stack was made or updated to its end. Once recorded it stays so: deleting the stack keeps its keys. From then
 * on keyrings may be written as this template, which is the one in force, reads them.
 */
export async function markComplete(
  { RequestType, StackId, ResourceProperties }: ResourceRequest,
  { transport }: AwsParts,
  { keyring }: ManagerSettings,
): Promise<ResourceOutcome> {
  const { bucket, prefix } = keyringPlace(keyring);
  if (RequestType !== "Delete") {
    const store = createBucket(transport, bucket);
    const madeBy = (await isIncomplete(store, prefix, StackId)) ? StackId : undefined;
    await recordCompletion(store, prefix, Number(ResourceProperties.Formats ?? 1), madeBy);
    await deleteAllVersions(transport, bucket, incompleteKey(prefix));
  }
  return { Status: "SUCCESS", Data: {} };
}

/** An update to a version that reads other formats begins: until it has come to its end, it may be rolled back to managers that read less. */
export async function beginUpdate(
  { ResourceProperties, OldResourceProperties }: ResourceRequest,
  { transport }: AwsParts,
  { keyring }: ManagerSettings,
): Promise<void> {
  if (ResourceProperties.Formats === OldResourceProperties?.Formats) return;
  const { bucket, prefix } = keyringPlace(keyring);
  await withdrawFormats(createBucket(transport, bucket), prefix);
}

/** A creation begins: what it makes from here on is taken back where it fails. */
export async function markIncomplete(
  { StackId }: ResourceRequest,
  { transport }: AwsParts,
  { keyring }: ManagerSettings,
): Promise<void> {
  const { bucket, prefix } = keyringPlace(keyring);
  await beginCreation(createBucket(transport, bucket), prefix, StackId);
}

/**
 * Takes back what a creation that failed has made: private keys with every custodian, the active document, the keyring and the public
 * documents with all their versions, so that the bucket can go too. Only where the mark is read that this stack's creation has
 * written and its end has removed, or where what comes later in a stack of other things has failed and CloudFormation says that it takes the
 * whole creation back; and only within a day. Of a stack that was complete, or of which nothing is known, it takes nothing.
 */
export async function takeBack(request: ResourceRequest, deps: ManagerDeps): Promise<void> {
  const { stores, custodians, transport } = deps.parts;
  const { bucket, prefix } = keyringPlace(deps.keyring);
  const store = createBucket(transport, bucket);
  let isOwn: boolean;
  try {
    isOwn = await isIncomplete(store, prefix, request.StackId);
  } catch (error) {
    // It was deleted by hand: nothing says any more what is whose.
    if (isAws(error, "NoSuchBucket")) return;
    throw error;
  }
  if (!isOwn) {
    if (!(await isCreationTakenBack(store, prefix, request, deps))) return;
    // From here on another try finds it, whatever the stack is at then.
    await writeIncomplete(store, prefix, request.StackId);
  }
  for (const { sequence } of await stores.active.read()) await stores.active.delete(sequence);
  // A list may be old: what the keyring names goes by that.
  for (const record of (await stores.keyring.read())?.keyring.keys ?? []) {
    await ownMember(custodians, record.custody)?.destroy(record.id, { kid: record.publicJwk?.kid, keyArn: record.keyArn });
  }
  for (const custodian of Object.values(custodians)) {
    const names: string[] = [];
    for await (const name of custodian.list()) names.push(name);
    for (const name of names) await custodian.destroy(name);
    if (keepsNames(custodian)) await custodian.removeNames(() => false);
  }
  // The mark goes last: another try has to find it.
  await deleteAllVersions(transport, bucket, prefix, incompleteKey(prefix));
  await deleteAllVersions(transport, bucket, incompleteKey(prefix));
}

/** `ROLLBACK_IN_PROGRESS` is of failed creations alone (CloudFormation user guide, "Stack status codes"). */
async function isCreationTakenBack(store: Bucket, prefix: string, request: ResourceRequest, deps: ManagerDeps): Promise<boolean> {
  if (!(await isJustCompletedBy(store, prefix, request.StackId))) return false;
  return isStackAt("ROLLBACK_IN_PROGRESS", request, deps, "keys_stay");
}

/** Tells whether an update is taken back: what was in force before it is asked for again. */
export function isRolledBack(request: ResourceRequest, deps: ManagerDeps): Promise<boolean> {
  return isStackAt("UPDATE_ROLLBACK_IN_PROGRESS", request, deps, "rollback_unknown");
}

// What cannot be asked is not known, and the log says what follows.
async function isStackAt(
  status: string,
  { StackId, RequestId }: ResourceRequest,
  { parts, log }: ManagerDeps,
  outcome: string,
): Promise<boolean> {
  try {
    return (await stackStatus(parts.transport, StackId)) === status;
  } catch (error) {
    log("WARN", RequestId, { outcome, ...failureOf(error) });
    return false;
  }
}
