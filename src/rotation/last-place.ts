import type { Keyring } from "../keyring/keyring.js";
import { RULES, timeInWords, type Wait } from "./plan/wait-reasons.js";
import type { Context } from "./session/context.js";
import type { Session } from "./session/session.js";

/** Whether keys were last changed in another place: here is a copy, or what was moved. */
export async function isElsewhere({ stores }: Context, { lastPlace }: Keyring): Promise<boolean> {
  return lastPlace !== undefined && stores.placeDigest !== undefined && lastPlace.digest !== (await stores.placeDigest());
}

/**
 * Records that keys are changed here.
 *
 * @returns a warning, where they were last changed in another place: containers change theirs, so nothing is refused
 */
export async function recordPlace(context: Context, session: Session): Promise<readonly Wait[]> {
  const { stores } = context;
  const { version, lastPlace } = session.keyring();
  if (version === 1 || stores.placeDigest === undefined) return [];
  const digest = await stores.placeDigest();
  if (lastPlace?.digest === digest) return [];
  const at = await session.time();
  await session.change((keyring) => ({ ...keyring, lastPlace: { digest, at } }));
  if (lastPlace === undefined) return [];
  const words = `this issuer's keys were changed in another place before, since ${timeInWords(lastPlace.at)}: ${RULES.another_place}`;
  return [{ rule: "another_place", until: null, words }];
}
