import type { Installation } from "../assemble.js";
import { ownMember } from "../encoding/own-member.js";
import { isSignetError, SignetError } from "../errors.js";
import { presentSeconds } from "../issue/issuer.js";
import type { Custody } from "../keyring/key-record.js";
import type { ReportedAction } from "../rotation/plan/actions.js";
import type { Report } from "../rotation/report.js";
import { keptAlike } from "../rotation/steps/kept-alike.js";
import { assertOthersAreHere } from "../rotation/steps/prove.js";
import { existingKeyring } from "./load-installation.js";

/**
 * Why the keys that a dry run would make could not be made from here, as the run itself would say it: key files are encrypted, and the
 * passphrase is not theirs, or none is given; or none of the private keys is found.
 *
 * @param custody who would hold them; default as the keyring's policy has it
 * @returns `undefined` where they could be made, or none would be
 */
async function obstacleToMaking(
  installation: Installation,
  { actions }: Report,
  custody?: Custody,
): Promise<SignetError | undefined> {
  if (!actions.some(({ kind }) => isMaking(kind))) return undefined;
  const keyring = await existingKeyring(installation);
  const custodian = ownMember(installation.custodians, custody ?? keyring.policy.custody);
  if (custodian === undefined) return undefined;
  try {
    await keptAlike(keyring, custodian);
    const documents = await installation.stores.active.read();
    await assertOthersAreHere(installation, { keyring, documents }, custodian.custody, presentSeconds());
    return undefined;
  } catch (error) {
    if (!isSignetError(error)) throw error;
    return new SignetError(error.code, `no key could be made: ${error.message}`, { cause: error });
  }
}

/**
 * Fails after a dry run where the run itself would fail, since its keys could not be made from here.
 *
 * @param custody as above
 * @throws SignetError the obstacle
 */
export async function assertMakes(installation: Installation, preview: Report, custody?: Custody): Promise<void> {
  const obstacle = await obstacleToMaking(installation, preview, custody);
  if (obstacle !== undefined) throw obstacle;
}

function isMaking(kind: ReportedAction["kind"]): boolean {
  return kind === "make" || kind === "finish-making";
}

/**
 * The same of a revocation, and what becomes of the key: a standby takes over without a new one.
 *
 * @param preview of a dry run
 */
export async function obstacleToReplacing(installation: Installation, preview: Report): Promise<SignetError | undefined> {
  const cause = await obstacleToMaking(installation, preview);
  if (cause === undefined) return undefined;
  // What is activated after a key was made is that key.
  const isTakenOver = preview.actions.find(({ kind }) => kind === "activate" || isMaking(kind))?.kind === "activate";
  const meanwhile = isTakenOver
    ? "The key is revoked all the same, and a standby takes over"
    : "A key that signs is revoked all the same, and signs on until another one is proven";
  return new SignetError(cause.code, `${cause.message}. ${meanwhile}`, { cause });
}
