import type { PublicJwk } from "../../algorithms/jwk.js";
import { type Custodian, holderOf } from "../../custody/contract.js";
import { isSignetError } from "../../errors.js";
import type { ActiveDocument, KeyMaterial } from "../../keyring/active-document.js";
import { recordByKid } from "../../keyring/keyring.js";
import type { MadeKey } from "../plan/audit-entry.js";
import { partsOf } from "../plan/strays.js";
import type { View } from "../plan/view.js";
import type { Context } from "../session/context.js";
import type { LogBeyond } from "../session/log-beyond.js";
import { type Fate, fatesOf } from "./fates.js";
import { assertSigns } from "./prove.js";

/** What shows which keys are ours, though no record names them. */
export interface Evidence {
  readonly view: View;
  readonly beyond: LogBeyond | undefined;
  /** What became of each key since the keyring, by its name; empty where the chain is not intact. */
  readonly fates: ReadonlyMap<string, Fate>;
  /** Keys without a record that we made, by their kids: the chain, an active document or a custodian's private part shows it. */
  readonly ours: ReadonlyMap<string, MadeKey>;
}

/**
 * Looks for what shows that keys without a record are ours. Reads, and changes nothing.
 *
 * @throws SignetError what custodians throw, where a key's private part cannot be judged and nothing else shows whose it is
 */
export async function gatherEvidence(context: Context, view: View, beyond: LogBeyond | undefined): Promise<Evidence> {
  const fates = fatesOf(beyond?.isIntact === true ? beyond.entries : []);
  const ours = new Map<string, MadeKey>();
  for (const [kid, { made }] of fates) if (made !== undefined) ours.set(kid, made);
  for (const document of view.documents) await addDocument(context, view, document, ours);
  const unknown = (view.published?.jwks.keys ?? []).filter(({ kid }) => !isNamed(view, kid) && !ours.has(kid));
  if (unknown.length > 0) await addHeld(context, view, unknown, fates, ours);
  for (const jwk of unknown) {
    const fate = fates.get(jwk.kid);
    if (ours.has(jwk.kid) || fate?.isNew !== true) continue;
    // Written down by an older version, which noted the kid alone, and its private part has gone with its active document.
    const origin = fate.isImported === true ? "imported" : "created";
    ours.set(jwk.kid, { id: context.randomId(), custody: view.keyring.policy.custody, origin, publicJwk: jwk });
  }
  return { view, beyond, fates, ours };
}

// A record that is still being made has no proven key: it is made known anew.
function isNamed({ keyring }: View, kid: string): boolean {
  const record = recordByKid(keyring, kid);
  return record !== undefined && record.state !== "creating";
}

async function addDocument(context: Context, view: View, document: ActiveDocument, ours: Map<string, MadeKey>): Promise<void> {
  const { kid, alg, material } = document;
  const custodian = holderOf(context.custodians, material);
  if (isNamed(view, kid) || ours.has(kid) || custodian === undefined) return;
  try {
    const published = view.published?.jwks.keys.find((jwk) => jwk.kid === kid && jwk.alg === alg);
    const publicJwk = published ?? (await custodian.open({ kid, alg, material })).publicJwk;
    await assertSigns((key) => custodian.open(key), publicJwk, material);
    const id = custodian.namesIn?.(material).id ?? (await heldAs(custodian, publicJwk)) ?? context.randomId();
    ours.set(kid, { id, custody: custodian.custody, origin: "created", ...arnIn(custodian, material), publicJwk });
  } catch {
    // A document that does not open shows nothing: what else there is decides.
  }
}

async function addHeld(
  context: Context,
  view: View,
  unknown: readonly PublicJwk[],
  fates: ReadonlyMap<string, Fate>,
  ours: Map<string, MadeKey>,
): Promise<void> {
  const named = new Set(view.keyring.keys.flatMap(({ id, state }) => (state === "creating" ? [] : [id])));
  let failure: unknown;
  for (const custodian of Object.values(context.custodians)) {
    for await (const name of custodian.list()) {
      const { id, part } = partsOf(name);
      if (part === "" && named.has(id)) continue;
      try {
        const material = await custodian.material(id, part === "" ? {} : { kid: part });
        for (const jwk of unknown) {
          if (ours.has(jwk.kid) || (part !== "" && part !== jwk.kid) || !(await signsAs(custodian, jwk, material))) continue;
          const origin = fates.get(jwk.kid)?.isImported === true ? "imported" : "created";
          ours.set(jwk.kid, { id, custody: custodian.custody, origin, ...arnIn(custodian, material), publicJwk: jwk });
        }
      } catch (error) {
        if (!isSignetError(error, "key_not_found", "invalid_key")) failure ??= error;
      }
    }
  }
  // No key leaves the JWKS because a call was throttled.
  if (failure !== undefined && unknown.some(({ kid }) => !ours.has(kid) && fates.get(kid)?.isNew !== true)) throw failure;
}

async function heldAs(custodian: Custodian, publicJwk: PublicJwk): Promise<string | undefined> {
  for await (const name of custodian.list()) {
    const { id, part } = partsOf(name);
    if (part !== "" && part !== publicJwk.kid) continue;
    const material = await custodian.material(id, { kid: publicJwk.kid }).catch(() => undefined);
    if (material !== undefined && (await signsAs(custodian, publicJwk, material).catch(() => false))) return id;
  }
  return undefined;
}

async function signsAs(custodian: Custodian, jwk: PublicJwk, material: KeyMaterial): Promise<boolean> {
  try {
    await assertSigns((key) => custodian.open(key), jwk, material);
    return true;
  } catch (error) {
    if (isSignetError(error, "key_mismatch", "invalid_key", "unsupported_algorithm")) return false;
    throw error;
  }
}

function arnIn(custodian: Custodian, material: KeyMaterial): { readonly keyArn?: string } {
  const keyArn = custodian.namesIn?.(material).keyArn;
  return keyArn === undefined ? {} : { keyArn };
}
