import { randomBytes } from "node:crypto";
import { type PublicJwk, publicKeyFromJwk } from "../../algorithms/jwk.js";
import { signatureChecker } from "../../algorithms/signature.js";
import { algorithmNamed } from "../../algorithms/table.js";
import type { OpenableKey, Signer } from "../../custody/contract.js";
import { isSignetError, SignetError } from "../../errors.js";
import type { KeyMaterial } from "../../keyring/active-document.js";
import type { Custody, KeyRecord } from "../../keyring/key-record.js";
import type { Keyring } from "../../keyring/keyring.js";
import type { View } from "../plan/view.js";
import { type Context, custodianOf, knownOf } from "../session/context.js";

/**
 * Whether a key can sign what verifiers accept. `proven`: it was opened, and its signature matches the published key. `dead`: its
 * private part is absent though every reader would see it by now, or it is another key. `unproven`: unknown, because access was
 * denied, a call was throttled or timed out, the key is disabled, or its private part does not open.
 */
export type Proof =
  | { readonly outcome: "proven"; readonly material: KeyMaterial }
  | { readonly outcome: "dead" | "unproven"; readonly why: string; readonly cause: unknown };

/** Where keys are looked for. */
type Place = Pick<Context, "stores" | "custodians">;

/** A key that was not proven, in one sentence. */
export interface Doubt {
  readonly id: string;
  readonly words: string;
}

/**
 * Proves a key: opens it, lets it sign, and checks the signature against its published JWK. A key that an active document names is
 * opened as issuers open it.
 *
 * @param view the active documents that were read, and the keyring
 */
export async function proveKey(
  context: Place,
  view: Pick<View, "documents" | "keyring">,
  record: KeyRecord,
  now: number,
): Promise<Proof> {
  try {
    const custodian = custodianOf(context, record);
    const jwk = record.publicJwk as PublicJwk;
    const held = view.documents.find(({ kid }) => kid === jwk.kid)?.material;
    const material = held ?? (await custodian.material(record.id, knownOf(record)));
    await assertSigns((key) => custodian.open(key), jwk, material);
    return { outcome: "proven", material };
  } catch (cause) {
    const why = isSignetError(cause) ? cause.message : "something unexpected failed";
    return { outcome: isDead(cause, context, view.keyring, record, now) ? "dead" : "unproven", why, cause };
  }
}

/**
 * Proves a key, and believes that its private part is gone only where another key of its custodian is proven: where none is, a folder may not
 * be mounted, or this is another account. An operator's word (`signet keys repair`) needs no such witness.
 */
export async function proveAmong(
  context: Place,
  view: Pick<View, "documents" | "keyring">,
  record: KeyRecord,
  now: number,
): Promise<Proof> {
  const proof = await proveKey(context, view, record, now);
  if (!isAbsent(proof)) return proof;
  for (const other of heldBy(record.custody, view.keyring)) {
    if (other.id !== record.id && (await proveKey(context, view, other, now)).outcome === "proven") return proof;
  }
  return { ...proof, outcome: "unproven" };
}

/**
 * Makes sure that a new key comes to where the others are: a first key in an empty place would sign where no issuer looks for it.
 *
 * @throws SignetError `plan_refused` where no private key that the custodian should have is found, and no other one
 */
export async function assertOthersAreHere(
  context: Place,
  view: Pick<View, "documents" | "keyring">,
  custody: Custody,
  now: number,
): Promise<void> {
  const held = heldBy(custody, view.keyring);
  if (held.length === 0) return;
  for (const record of held) {
    if (!isAbsent(await proveKey(context, view, record, now))) return;
  }
  // Other private keys show that it is the place: those of the keyring are gone.
  for await (const _ of custodianOf(context, { custody }).list()) return;
  throw new SignetError(
    "plan_refused",
    `none of this issuer's private keys is found at ${custody}, so no key was made there: mount or restore them, or set the account and region ` +
      "that they are in; `signet keys repair` gives up what is lost",
  );
}

function isAbsent(proof: Proof): proof is Exclude<Proof, { readonly outcome: "proven" }> {
  return proof.outcome === "dead" && isSignetError(proof.cause, "key_not_found");
}

function heldBy(custody: Custody, { keys }: Keyring): readonly KeyRecord[] {
  return keys.filter(
    (key) =>
      key.custody === custody &&
      (key.state === "active" || key.state === "pending") &&
      key.origin !== "foreign" &&
      key.materialLostAt === undefined,
  );
}

/**
 * Lets a key sign, and checks the signature against the public key that verifiers get.
 *
 * @throws SignetError `key_mismatch` where it is another key's, and what opening and signing throw
 */
export async function assertSigns(
  open: (key: OpenableKey) => Promise<Signer>,
  publicJwk: PublicJwk,
  material: KeyMaterial,
): Promise<void> {
  const { kid, alg } = publicJwk;
  const signer = await open({ kid, alg, material });
  const challenge = `${kid}.${randomBytes(16).toString("base64url")}`.replace(/[^\x20-\x7e]/g, "-");
  const check = signatureChecker(algorithmNamed(alg), publicKeyFromJwk(publicJwk));
  if (signer.kid === kid && signer.alg === alg && check(challenge, await signer.sign(challenge))) return;
  throw new SignetError("key_mismatch", "the private part is another key's than the published one");
}

function isDead(cause: unknown, context: Place, keyring: Keyring, record: KeyRecord, now: number): boolean {
  if (isSignetError(cause, "key_mismatch")) return true;
  return isSignetError(cause, "key_not_found") && isSettled(context, keyring, record, now);
}

/**
 * Whether everybody would see by now what a custodian has made: before, "not found" proves nothing. The times of two managers' clocks
 * are at most two skews apart.
 */
export function isSettled({ stores }: Pick<Context, "stores">, { policy }: Keyring, record: KeyRecord, now: number): boolean {
  const { settleSeconds } = stores.active;
  const madeAt = record.pendingAt ?? record.creatingAt;
  return settleSeconds === 0 || now >= madeAt + settleSeconds + 2 * policy.clockSkewSeconds;
}
