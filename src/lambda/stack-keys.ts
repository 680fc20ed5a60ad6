import { type AlgorithmName, algorithmNamed } from "../algorithms/table.js";
import type { AwsParts } from "../assemble-aws.js";
import type { CoreManager } from "../rotation/core-manager.js";
import { policyOf } from "../rotation/policy.js";
import { provenActiveKey } from "./active-key.js";
import type { ResourceOutcome, ResourceRequest } from "./custom-resource.js";
import type { ManagerSettings } from "./manager-settings.js";

/** Where an invocation of the key manager works. */
export interface ManagerPlace extends ManagerSettings {
  readonly parts: AwsParts;
  readonly context: { readonly invokedFunctionArn: string };
  /** NumericDate. */
  readonly now: () => number;
}

/**
 * What CloudFormation asks for: on creation the first key; on an update what the template's parameters say by now, and a rotation where
 * its token is another one. Asked again it has nothing left to do. A deletion makes and changes nothing: who deletes a stack may still
 * have tokens of it.
 *
 * @throws SignetError what the manager, its stores and its custodians throw
 */
export async function keepStackKeys(
  request: ResourceRequest,
  manager: CoreManager,
  place: ManagerPlace,
): Promise<ResourceOutcome> {
  if (request.RequestType === "Delete") return { Status: "SUCCESS", Data: {} };
  if (request.RequestType === "Update") await update(request, manager, place);
  await manager.tick();
  const Data = await provenActiveKey(place.parts, place.installation, place.context.invokedFunctionArn);
  return { Status: "SUCCESS", Data: { ...Data } };
}

async function update(request: ResourceRequest, manager: CoreManager, { rotation, parts }: ManagerPlace): Promise<void> {
  const { ResourceProperties: wanted, OldResourceProperties: before = {} } = request;
  const { policy, rotationToken } = (await parts.stores.keyring.read())?.keyring ?? {};
  if (policy !== undefined && JSON.stringify(policyOf(rotation, policy.version)) !== JSON.stringify(policy)) {
    const rotate = policy.algorithm !== rotation.algorithm || policy.custody !== rotation.custody;
    await manager.applySettings({ rotate, verifiersAccept: algorithmsIn(wanted.VerifiersAccept) });
  }
  const token = textOf(wanted.RotationToken);
  if (token !== undefined && token !== textOf(before.RotationToken) && token !== rotationToken) await manager.rotate({ token });
}

// CloudFormation hands over lists as lists, and everything else as text.
function algorithmsIn(value: unknown): readonly AlgorithmName[] {
  const names = Array.isArray(value) ? value : (textOf(value)?.split(",") ?? []);
  return names.map((name) => algorithmNamed(String(name).trim()).name);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
