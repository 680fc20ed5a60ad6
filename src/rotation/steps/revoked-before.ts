import { type PublicJwk, thumbprint } from "../../algorithms/jwk.js";
import { SignetError } from "../../errors.js";
import { type Keyring, recordByKid } from "../../keyring/keyring.js";
import { timeInWords } from "../plan/wait-reasons.js";
import { readHistory } from "../session/audit.js";
import { type Context, custodianOf } from "../session/context.js";
import type { Session } from "../session/session.js";
import { type RequestFor, recordOfSameKey, type Way } from "./import-key.js";

/**
 * Finds out which keys were revoked here, by their numbers or by their names, also where they have left the keyring: who revoked one has told
 * everybody to refuse it.
 *
 * @returns what refuses a key (`plan_refused`, with the field `kid` where another key of its name was revoked); nothing for one that was never revoked
 */
export async function revokedBefore(
  { stores }: Context,
  keyring: Keyring,
): Promise<(wanted: PublicJwk) => SignetError | undefined> {
  const entries = await readHistory(stores, keyring);
  const made = entries
    .flatMap((entry) => entry.made ?? [])
    .map(({ publicJwk }) => ({ kid: publicJwk.kid, is: thumbprint(publicJwk) }));
  const ends = entries.flatMap(({ event, at, keys = [] }) => (event === "key.revoked" ? keys.map((kid) => ({ kid, at })) : []));
  return (wanted) => {
    const { kid } = wanted;
    const revokedAt = recordOfSameKey(keyring, wanted)?.revokedAt ?? recordByKid(keyring, kid)?.revokedAt;
    if (revokedAt !== undefined) return revoked(kid, revokedAt);
    const ours = thumbprint(wanted);
    const names = new Set([kid, ...made.filter(({ is }) => is === ours).map((key) => key.kid)]);
    const end = ends.find((each) => names.has(each.kid));
    const namesakes = made.filter((key) => key.kid === kid);
    const isName = end?.kid === kid && namesakes.length > 0 && namesakes.every(({ is }) => is !== ours);
    return end && revoked(end.kid, end.at, isName ? { field: "kid" } : {});
  };
}

/** @throws SignetError `plan_refused` for a key that was revoked here, as `revokedBefore` */
export async function assertNeverRevoked<Kind>(
  context: Context,
  session: Session,
  request: RequestFor<Kind>,
  way: Way<Kind>,
): Promise<void> {
  const wanted = await way.publicPart(custodianOf(context, request), request, session.keyring());
  const refusal = (await revokedBefore(context, session.keyring()))(wanted);
  if (refusal !== undefined) throw refusal;
}

function revoked(kid: string, at: number, of: { readonly field?: string } = {}): SignetError {
  return new SignetError(
    "plan_refused",
    `key ${kid} was revoked on ${timeInWords(at)}, and is taken under no name any more: import another key, under a name of its own`,
    of,
  );
}
