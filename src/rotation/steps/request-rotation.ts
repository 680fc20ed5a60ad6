import { activeRecord, type PolicyInForce } from "../../keyring/keyring.js";
import { matches } from "../plan/successor.js";
import type { Session } from "../session/session.js";

/** Records that a rotation is wanted. One that is wanted already, or has the same token, is not asked for again. */
export async function requestRotation(
  session: Session,
  { why, token }: { why?: string; token?: string | undefined } = {},
): Promise<void> {
  const { rotationRequest: before, rotationToken } = session.keyring();
  if (token !== undefined && token === rotationToken) return;
  if (before !== null && token === undefined) return;
  const rotationRequest = before ?? { requestedAt: await session.time() };
  const named = token === undefined ? {} : { rotationToken: token };
  await session.change((keyring) => ({ ...keyring, rotationRequest, ...named }), {
    event: "rotation.requested",
    ...(why === undefined ? {} : { why }),
  });
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
