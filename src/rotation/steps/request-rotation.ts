import { SignetError } from "../../errors.js";
import { activeRecord, type Keyring, type PolicyInForce } from "../../keyring/keyring.js";
import { awaitsProof, isSoundStandby, isUploaded, matches } from "../plan/successor.js";
import { assertExpected } from "../session/mark.js";
import type { Session } from "../session/session.js";
import { keyNamed } from "./revoke.js";

/** Why a rotation is wanted, and of which. */
interface Wish {
  readonly why?: string;
  /** Names the request. */
  readonly token?: string | undefined;
  /** The kid of the key that shall sign: a person has uploaded it. */
  readonly uploaded?: string | undefined;
  /** The state of the keys in which it is wanted, as `markOfKeys` has it. */
  readonly expected?: string | undefined;
}

/**
 * Records that a rotation is wanted. One that is wanted already, or has the same token, is not asked for again.
 *
 * @throws SignetError `key_not_found` or `plan_refused` for an uploaded key that cannot sign, `keyring_conflict` where the keys are in another
 * state than the expected one
 */
export async function requestRotation(session: Session, { why, token, uploaded, expected }: Wish = {}): Promise<void> {
  const { rotationRequest: before, rotationToken } = session.keyring();
  if (token !== undefined && token === rotationToken) return;
  assertExpected(session.keyring(), expected);
  if (uploaded !== undefined) assertUploadable(session.keyring(), uploaded);
  const wanted = uploaded ?? namedBefore(session.keyring());
  if (before !== null && token === undefined && wanted === before.uploaded) return;
  const requestedAt = before?.requestedAt ?? (await session.time());
  const rotationRequest = { requestedAt, ...(wanted !== undefined && { uploaded: wanted }) };
  const named = token === undefined ? {} : { rotationToken: token };
  await session.change((keyring) => ({ ...keyring, rotationRequest, ...named }), {
    event: "rotation.requested",
    ...(uploaded !== undefined && { keys: [uploaded] }),
    ...(why === undefined ? {} : { why }),
  });
}

// What was said of a key that cannot sign is over where a rotation is asked for anew: another key is made then.
function namedBefore(keyring: Keyring): string | undefined {
  const key = keyring.keys.find((each) => isUploaded(keyring, each) && awaitsProof(each) && each.unprovenAt === undefined);
  return key?.publicJwk?.kid;
}

function assertUploadable(keyring: Keyring, kid: string): void {
  const key = keyNamed(keyring, kid);
  if (keyring.policy.byUpload !== true) {
    throw refused(
      "rotation.byUpload is not in force here: leave out which key was uploaded, or set it and run `signet keys apply`",
    );
  }
  if (isSoundStandby(key)) return;
  const given = key.state === "pending" ? "pending, but was given up" : key.state;
  throw refused(`key ${kid} is ${given}: only a pending key can be let sign`);
}

function refused(why: string): SignetError {
  return new SignetError("plan_refused", why, { field: "uploaded" });
}

/**
 * Asks for the rotation that moves to the policy in force. Back to what the key that signs is already, there is nothing to move: the
 * rotation that was to lead away from it is withdrawn.
 */
export async function requestMigration(session: Session, before: PolicyInForce): Promise<void> {
  const { policy, rotationRequest } = session.keyring();
  const active = activeRecord(session.keyring());
  if (active === undefined || !matches(active, policy) || matches(active, before)) {
    return requestRotation(session, { why: "a migration" });
  }
  if (rotationRequest === null) return;
  await session.change((keyring) => ({ ...keyring, rotationRequest: null }), {
    event: "rotation.withdrawn",
    why: "a migration back",
  });
}
