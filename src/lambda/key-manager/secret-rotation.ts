import { activeSecret } from "../../aws/names.js";
import { createSecretVersions, type SecretVersions } from "../../aws/secret-versions.js";
import { parseJson } from "../../encoding/json-names.js";
import { isObject } from "../../encoding/object-schema.js";
import { SignetError } from "../../errors.js";
import { activeRecord, type Keyring } from "../../keyring/keyring.js";
import type { CoreManager } from "../../rotation/manager.js";
import { isSoundStandby, matches, nextKeys, readyAt } from "../../rotation/plan/successor.js";
import { provenActiveKey } from "./active-key.js";
import type { ManagerDeps } from "./stack-keys.js";

/** A step of a rotation that Secrets Manager drives (user guide, "Lambda rotation functions"). */
interface RotationStep {
  readonly Step: "createSecret" | "setSecret" | "testSecret" | "finishSecret";
  readonly SecretId: string;
  /** The version that the rotation makes. */
  readonly ClientRequestToken: string;
}

const STEPS: readonly string[] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

/** Tells such a step from other events. */
export function isRotationStep(event: unknown): event is RotationStep {
  return isObject(event) && typeof event.SecretId === "string" && "Step" in event;
}

/**
 * Lets Secrets Manager drive rotation: its schedule, its events and its console. The secret `signet/INSTALLATION/active` holds no
 * private key, only the name of the one that signs; each private key is a secret of its own, since Secrets Manager never deletes a
 * version that has lost its labels.
 *
 * @throws SignetError `invalid_request` for another secret or version, `plan_refused` where no standby is old enough yet, which names
 * the time when one is, and where the staged key was passed over
 */
export async function rotateSecret(step: RotationStep, manager: CoreManager, deps: ManagerDeps): Promise<void> {
  const { SecretId, ClientRequestToken: version, Step } = step;
  if (!STEPS.includes(Step) || typeof version !== "string") throw refused("Step is unknown, or ClientRequestToken is missing");
  const versions = createSecretVersions(deps.parts.transport);
  const { name, stages } = await versions.describe(SecretId);
  if (name !== activeSecret(deps.installation)) throw refused(`SecretId is not ${activeSecret(deps.installation)}`);
  const labels = stages.get(version) ?? [];
  if (labels.includes("AWSCURRENT")) return;
  if (!labels.includes("AWSPENDING")) throw refused("ClientRequestToken is not a version that is being rotated");
  const current = [...stages].find(([, each]) => each.includes("AWSCURRENT"))?.[0];
  switch (Step) {
    case "createSecret":
      return create(versions, step, current, manager, deps);
    case "setSecret":
      return set(versions, step, manager, deps);
    case "testSecret":
      // A schedule that does not begin at once is tried out by this step alone, over a version that was not staged (RotateSecret).
      return test(kidIn(await versions.value(SecretId, version)), deps);
    case "finishSecret":
      await test(await liveKid(versions, step, deps), deps);
      return versions.makeCurrent(SecretId, version, current);
  }
}

async function create(
  versions: SecretVersions,
  { SecretId, ClientRequestToken: version }: RotationStep,
  current: string | undefined,
  manager: CoreManager,
  deps: ManagerDeps,
): Promise<void> {
  if ((await versions.value(SecretId, version)) !== undefined) return;
  const before = current === undefined ? undefined : kidIn(await versions.value(SecretId, current));
  const stage = (kid: string) => versions.stage(SecretId, version, JSON.stringify({ kid }));
  const active = activeKid(await keyringOf(deps));
  // The policy, or an operator, was faster than Secrets Manager.
  if (active !== undefined && active !== before) return stage(active);
  const next = nextKid(await keyringOf(deps), deps.now());
  if (next !== undefined) return stage(next);
  // It cannot wait here until a standby is old enough: it is asked for, and Secrets Manager tries again.
  const { waits } = await manager.rotate({ token: version });
  const after = activeKid(await keyringOf(deps));
  if (after !== undefined && after !== active) return stage(after);
  const why = waits.find(({ rule }) => rule === "second_standby") ?? waits[0];
  throw new SignetError("plan_refused", why?.words ?? "no standby is old enough yet; the next try looks again");
}

async function set(versions: SecretVersions, step: RotationStep, manager: CoreManager, deps: ManagerDeps): Promise<void> {
  const { SecretId, ClientRequestToken: version } = step;
  const kid = await liveKid(versions, step, deps);
  if (activeKid(await keyringOf(deps)) !== kid) await manager.rotate({ token: version });
  const keyring = await keyringOf(deps);
  const active = activeKid(keyring);
  if (active === kid) return;
  // The rotation that was asked for is over, and another key signs: the staged one could not be proven when its turn came.
  if (active !== undefined && keyring.rotationRequest === null) throw await givenUp(versions, SecretId, version);
  throw new SignetError("plan_refused", "the staged key does not sign yet; the next try goes on");
}

async function test(kid: string | undefined, { parts }: ManagerDeps): Promise<void> {
  const { KeyID } = await provenActiveKey(parts);
  if (kid !== undefined && KeyID !== kid)
    throw new SignetError("key_mismatch", "another key than the staged one signs: start the rotation again");
}

/**
 * The key that the version names. A version keeps its value, and Secrets Manager begins no other one while it waits for this one: where its
 * key will not sign any more, the version is given up.
 */
async function liveKid(
  versions: SecretVersions,
  { SecretId, ClientRequestToken: version }: RotationStep,
  deps: ManagerDeps,
): Promise<string> {
  const kid = kidIn(await versions.value(SecretId, version));
  if (kid === undefined) throw refused("the version that is being rotated names no key: createSecret comes first");
  if (isPassedOver(await keyringOf(deps), kid)) throw await givenUp(versions, SecretId, version);
  return kid;
}

async function givenUp(versions: SecretVersions, secret: string, version: string): Promise<SignetError> {
  await versions.giveUp(secret, version);
  return new SignetError(
    "plan_refused",
    "the staged key was passed over or revoked since, so its version was given up: start the rotation again, or the schedule does",
  );
}

function isPassedOver({ keys, activation, policy }: Keyring, kid: string): boolean {
  const key = keys.find(({ publicJwk }) => publicJwk?.kid === kid);
  if (key === undefined) return true;
  if (key.state === "active" || activation?.id === key.id) return false;
  return !isSoundStandby(key) || !matches(key, policy);
}

async function keyringOf({ parts }: ManagerDeps): Promise<Keyring> {
  const found = await parts.stores.keyring.read();
  if (found !== undefined) return found.keyring;
  throw new SignetError("keyring_missing", "there is no keyring: the stack's creation makes it; restore the one that was there");
}

function activeKid(keyring: Keyring): string | undefined {
  return keyring.activation === null ? activeRecord(keyring)?.publicJwk?.kid : undefined;
}

// A rotation uses up a standby: another one has to be old enough as well.
function nextKid(keyring: Keyring, now: number): string | undefined {
  const { policy } = keyring;
  const ready = nextKeys(keyring).filter((key) => readyAt(key, policy) <= now);
  return ready.length < 2 ? undefined : ready[0]?.publicJwk?.kid;
}

function kidIn(value: string | undefined): string | undefined {
  try {
    const parsed: unknown = parseJson(value ?? "");
    return isObject(parsed) && typeof parsed.kid === "string" ? parsed.kid : undefined;
  } catch {
    return undefined;
  }
}

function refused(what: string): SignetError {
  return new SignetError("invalid_request", `a rotation of Secrets Manager's was refused: ${what}`);
}
