import type { PublicJwk } from "../../algorithms/jwk.js";
import { type Keyring, recordByKid } from "../../keyring/keyring.js";
import type { View } from "../plan/view.js";
import { readHistory } from "../session/audit.js";
import type { Context } from "../session/context.js";
import type { Session } from "../session/session.js";
import type { Doubt } from "./prove.js";

/** What makes a key what it is: another one under the same name has others. */
const PARAMETERS = ["kty", "crv", "x", "y", "n", "e", "pub"] as const;

/**
 * Tells of keys in the published JWKS that we never put there: verifiers would accept the tokens of their writer. The
 * publication that follows is without them.
 *
 * @returns a sentence for each
 */
export async function tellPlanted(context: Context, session: Session, { published }: View): Promise<readonly Doubt[]> {
  const words = await plantedWords(context, { keyring: session.keyring(), published });
  if (words.length > 0) await session.change((present) => present, { event: "jwks.planted", why: words.join("; ") });
  for (const each of words) context.onStep({ action: "planted", words: each });
  return words.map((id) => ({ id, words: id }));
}

/** A sentence for each key of the published JWKS that we never put there. */
export async function plantedWords(
  { stores }: Context,
  { keyring, published }: Pick<View, "keyring" | "published">,
): Promise<readonly string[]> {
  const strange = (published?.jwks.keys ?? []).filter((jwk) => !isOurs(keyring, jwk));
  if (strange.length === 0) return [];
  // A JWKS that was read late may still hold what was removed since.
  const history = await readHistory(stores, keyring);
  const known = new Set(history.flatMap(({ keys = [], made = [] }) => [...keys, ...made.map((key) => key.publicJwk.kid)]));
  const planted = strange.filter((jwk) => recordByKid(keyring, jwk.kid) !== undefined || !known.has(jwk.kid));
  return alertsOf(planted.map(({ kid }) => kid));
}

function isOurs(keyring: Keyring, jwk: PublicJwk): boolean {
  const record = recordByKid(keyring, jwk.kid);
  if (record === undefined) return keyring.ended?.some(({ kid }) => kid === jwk.kid) === true;
  return PARAMETERS.every((name) => record.publicJwk?.[name] === jwk[name]);
}

/** Says which published keys leave the JWKS because nothing shows that they are ours. */
export function alertsOf(strangers: readonly string[]): string[] {
  return strangers.map((kid) => `the JWKS had a key that we did not make (${printable(kid)}): it was planted, and is taken out`);
}

// A stranger has chosen it: logs and terminals get what can be printed.
function printable(kid: unknown): string {
  return typeof kid === "string" && /^[\x20-\x7e]{1,64}$/.test(kid) ? kid : "its kid cannot be printed";
}
