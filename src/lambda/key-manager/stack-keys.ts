import { type AlgorithmName, algorithmNamed } from "../../algorithms/table.js";
import type { AwsParts } from "../../assemble-aws.js";
import { MAX_RESOURCE } from "../../aws/failure.js";
import { createFunctionAliases } from "../../aws/lambda-aliases.js";
import { adopterIn } from "../../custody/contract.js";
import { SignetError, shortened } from "../../errors.js";
import { hasProofs, proofAliasOf } from "../../issue/alias-callers.js";
import { readCallers } from "../../issue/callers-json.js";
import type { Keyring } from "../../keyring/keyring.js";
import type { CoreManager } from "../../rotation/manager.js";
import { policyOf, type RotationSettings } from "../../rotation/plan/policy.js";
import { assertOneIss, readTokens } from "../../settings/tokens.js";
import type { Log } from "../shared/log.js";
import { membersIn, objectIn } from "../shared/settings.js";
import { provenActiveKey } from "./active-key.js";
import type { ResourceOutcome, ResourceRequest } from "./custom-resource.js";
import type { ManagerSettings } from "./settings.js";
import { beginUpdate, isRolledBack, markIncomplete, takeBack } from "./stack-completion.js";

/** Where an invocation of the key manager works. */
export interface ManagerDeps extends ManagerSettings {
  readonly parts: AwsParts;
  readonly log: Log;
  /** NumericDate. */
  readonly now: () => number;
  /** Waits so many seconds. */
  readonly sleep: (seconds: number) => Promise<void>;
}

/**
 * What CloudFormation asks for: on creation the first key; on an update what the template's parameters say by now, and a rotation where
 * its token is another one; for each caller an alias of the issuer. Asked again it has nothing left to do. A deletion changes nothing:
 * there may still be tokens of it. With `TakeBackUntilComplete` the creation of a stack that failed takes back what it has made.
 *
 * @throws SignetError what the manager, its stores and its custodians throw
 */
export async function keepStackKeys(request: ResourceRequest, manager: CoreManager, deps: ManagerDeps): Promise<ResourceOutcome> {
  if (request.RequestType === "Delete") {
    if (request.ResourceProperties.TakeBackUntilComplete === "true") await takeBack(request, deps);
    return { Status: "SUCCESS", Data: {} };
  }
  checkTokens(request.ResourceProperties);
  if (request.RequestType === "Create") await markIncomplete(request, deps.parts, deps);
  const removeAliases = await makeAliases(request, deps.parts);
  await takeExistingKey(request, manager, deps);
  if (request.RequestType === "Update") {
    await beginUpdate(request, deps.parts, deps);
    await update(request, manager, deps);
  }
  // An update or a schedule that finds no keyring has lost it: new keys would break every token of the old ones.
  await manager.tick({ createKeyring: request.RequestType === "Create" });
  const Data = await provenActiveKey({ ...deps.parts, sleep: deps.sleep });
  await removeAliases?.();
  return { Status: "SUCCESS", Data: { ...Data } };
}

// The issuer's function reads them at its start.
function checkTokens({ Tokens, IssuerUrl }: ResourceRequest["ResourceProperties"]): void {
  const tokens = membersIn({ Tokens: textOf(Tokens) }, "Tokens", readTokens);
  assertOneIss(tokens, textOf(IssuerUrl), "IssuerUrl and iss of Tokens");
}

/** Whether a keyring has the settings that the template's parameters say. */
export function isInForce(settings: RotationSettings, keyring: Keyring | undefined): boolean {
  return keyring !== undefined && JSON.stringify(policyOf(settings, keyring.policy.version)) === JSON.stringify(keyring.policy);
}

/** Tells an update that leaves the keys as they are: it has come because a deployment renews its outputs. */
export function onlyRenewsOutputs({ RequestType, ResourceProperties, OldResourceProperties = {} }: ResourceRequest): boolean {
  return RequestType === "Update" && ofKeys(ResourceProperties) === ofKeys(OldResourceProperties);
}

// The parameters that are of no matter to keys stand in a member of their own.
function ofKeys(properties: ResourceRequest["ResourceProperties"]): string {
  const entries = Object.entries(properties).filter(([name]) => name !== "Parameters");
  return entries
    .map((entry) => JSON.stringify(entry))
    .sort()
    .join();
}

async function update(request: ResourceRequest, manager: CoreManager, { rotation, parts }: ManagerDeps): Promise<void> {
  const { ResourceProperties: wanted, OldResourceProperties: before = {} } = request;
  const keyring = (await parts.stores.keyring.read())?.keyring;
  if (keyring !== undefined && !isInForce(rotation, keyring)) {
    const { algorithm, custody } = keyring.policy;
    const rotate = algorithm !== rotation.algorithm || custody !== rotation.custody;
    await manager.applySettings({ rotate, verifiersAccept: algorithmsIn(wanted.VerifiersAccept) });
  }
  const token = textOf(wanted.RotationToken);
  if (token !== undefined && token !== textOf(before.RotationToken) && token !== keyring?.rotationToken)
    await manager.rotate({ token });
}

// A KMS key that was there already signs first. The role's right to it stands in the template, so it stays as long as the key is in use.
async function takeExistingKey(request: ResourceRequest, manager: CoreManager, deps: ManagerDeps): Promise<void> {
  const { RequestType, ResourceProperties: wanted, OldResourceProperties: before = {} } = request;
  const existing = textOf(wanted.ExistingKmsKeyArn);
  const existingBefore = textOf(before.ExistingKmsKeyArn);
  if (RequestType === "Create") {
    const custody = adopterIn(deps.parts.custodians);
    if (existing !== undefined)
      await manager.importKey({ existing, algorithm: deps.rotation.algorithm, as: "active", custody, createKeyring: true });
    return;
  }
  // What is put back was in force: the key may have left the keyring since the stack was made with it.
  if (existing === existingBefore || (await isRolledBack(request, deps))) return;
  const keys = (await deps.parts.stores.keyring.read())?.keyring.keys ?? [];
  const isInUse = (arn: string | undefined) =>
    arn !== undefined && keys.some(({ publicJwk }) => publicJwk?.kid === arn.split("/").at(-1));
  if (isInUse(existingBefore))
    throw refused(
      `${shortened(existingBefore ?? "", MAX_RESOURCE)} is still in use: it can be left out when it has left the keyring`,
    );
  if (existing !== undefined && !isInUse(existing))
    throw refused(`${shortened(existing, MAX_RESOURCE)} can only be taken when the stack is made`);
}

function refused(what: string): SignetError {
  return new SignetError("plan_refused", `ExistingKmsKeyArn: ${what}`, { field: "ExistingKmsKeyArn" });
}

/**
 * A caller is an alias: makes those that are missing.
 *
 * @returns what removes those of callers that are gone. With an alias goes what IAM grants on it, so an update that is refused must not come
 *   to that. Aliases that no version of the stack's callers has named are not ours.
 */
export async function makeAliases(
  { ResourceProperties: wanted, OldResourceProperties: before = {} }: ResourceRequest,
  parts: AwsParts,
): Promise<(() => Promise<void>) | undefined> {
  const functionArn = textOf(wanted.IssuerFunction);
  if (functionArn === undefined) return undefined;
  const names = aliasesIn(wanted);
  const aliases = createFunctionAliases(parts.transport, functionArn);
  const present = await aliases.names();
  for (const name of names) if (!present.includes(name)) await aliases.create(name);
  return async () => {
    for (const name of aliasesBefore(before)) if (!names.includes(name)) await aliases.delete(name);
  };
}

// Those for proofs are there where POST /token is: who may invoke one can claim any proof.
function aliasesIn({ Callers, TokenRoute }: ResourceRequest["ResourceProperties"]): readonly string[] {
  const callers = readCallers(objectIn({ Callers: textOf(Callers) }, "Callers"));
  const proving = TokenRoute === "on" ? callers.filter(hasProofs) : [];
  return [...callers.map(({ name }) => name), ...proving.map(({ name }) => proofAliasOf(name))];
}

// Rolled back is what was refused: it may be anything.
function aliasesBefore(before: ResourceRequest["ResourceProperties"]): readonly string[] {
  try {
    return aliasesIn(before);
  } catch {
    return [];
  }
}

// CloudFormation hands over lists as lists, and everything else as text.
function algorithmsIn(value: unknown): readonly AlgorithmName[] {
  const names: readonly unknown[] = Array.isArray(value) ? value : typeof value === "string" ? value.split(",") : [];
  // What is no text is no algorithm's name either, and is told so.
  const given = names.map((name) => (typeof name === "string" ? name.trim() : "?")).filter((name) => name !== "");
  return given.map((name) => algorithmNamed(name).name);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
