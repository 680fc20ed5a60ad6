import type { KeyRecord } from "../../keyring/key-record.js";
import { type Allocation, activeRecord, type EndedKey, type Keyring, type PolicyInForce } from "../../keyring/keyring.js";
import type { MadeKey } from "../plan/audit-entry.js";
import { signingUnder, without } from "../plan/records.js";
import { stateAfterSigning } from "../plan/transitions.js";
import type { Evidence } from "./evidence.js";
import { type Fate, requestAfter } from "./fates.js";

/** More than sequences can have been allocated to documents that were never seen: a name may have been skipped nine times. */
const SEQUENCES_APART = 10;

/** What adopting found, beside the keyring. */
export interface Adoption {
  readonly keyring: Keyring;
  /** Published keys that nothing shows to be ours: they leave the JWKS. */
  readonly strangers: readonly string[];
}

/**
 * The keyring as it must be after an old one was put back: who signs by the active document signs by the records too; every other key
 * that is ours stays published until the last token that it can have signed has ended. Nothing is destroyed, and what cannot be known is
 * taken for the worse.
 *
 * @returns `undefined` where nothing shows which of our keys signs
 */
export function adopted({ view, beyond, fates, ours }: Evidence, settings: WorstSettings, now: number): Adoption | undefined {
  const { keyring, documents } = view;
  const [top] = documents;
  const policy = beyond?.isIntact === true ? lastPolicy(beyond.entries, keyring.policy) : keyring.policy;
  const worst = worstPolicy({ view, beyond, fates, ours }, policy, settings);
  const published = new Set(view.published?.jwks.keys.map(({ kid }) => kid));
  const isHeardOf = (kid: string): boolean => published.has(kid) || fates.has(kid) || ours.has(kid) || isKnown(keyring, kid);
  const active = keyring.keys.find(({ state }) => state === "active")?.publicJwk?.kid;
  // A document that was altered may name a key of which nothing tells: no verifier accepts its tokens, and repair replaces it.
  const signer = top !== undefined && isHeardOf(top.kid) ? top.kid : (lastActivated(fates) ?? active);
  const known = keyring.keys.filter((key) => key.state !== "creating" && !isOver(key, fates));
  const names = new Set(known.map((key) => key.publicJwk?.kid));
  const found = [...ours].filter(([kid]) => !names.has(kid) && (kid === signer || fates.get(kid)?.endedAt === undefined));
  const rules = { signer, worst, now, published, isIntact: beyond?.isIntact === true };
  const keys = [
    ...known.map((key) => knownKey(key, fates.get(key.publicJwk?.kid ?? ""), rules)),
    ...found.map(([kid, made]) => foundKey(made, fates.get(kid), rules)),
  ];
  const creating = stillCreating({ view, beyond, fates, ours }).filter(({ id }) => !keys.some((key) => key.id === id));
  if (!keys.some(({ state }) => state === "active")) return undefined;
  const listed = new Set(keys.map((key) => key.publicJwk?.kid));
  const isStranger = (kid: string): boolean => !listed.has(kid) && fates.get(kid)?.isNew !== true && !isKnown(keyring, kid);
  return {
    keyring: {
      ...keyring,
      policy,
      keys: [...keys, ...creating],
      activation: null,
      // Issuers may have read any that was allocated, and take none before it: where the top one is older, it is written anew.
      confirmedSequence: Math.max(1, top?.sequence ?? 0, keyring.confirmedSequence, ...sequencesIn(beyond?.entries)),
      ...sequencesAfter({ view, beyond, fates, ours }, now),
      rotationRequest:
        beyond?.isIntact === true
          ? requestAfter(keyring.rotationRequest, beyond.entries, activeRecord(keyring)?.publicJwk?.kid)
          : null,
      sweptAt: null,
      ...(keyring.version === 2 && { ended: endedKeys(keyring, fates) }),
    },
    strangers: (view.published?.jwks.keys ?? []).map(({ kid }) => kid).filter(isStranger),
  };
}

/** What issuers may have obeyed by the settings of this manager. */
export type WorstSettings = Pick<PolicyInForce, "maxTtlSeconds" | "activeKeyMaxAgeSeconds">;

// A key whose making the log has begun, or had begun, and that it does not say to be made or given up. Made twice, it would be two keys of
// one kid: where an entry of an older version does not say which key was made, none is taken up again.
function stillCreating({ view, beyond, fates }: Evidence): KeyRecord[] {
  const entries = beyond?.isIntact === true ? beyond.entries : [];
  if (beyond?.isIntact !== true || entries.some(({ event, made }) => event === "key.made" && made === undefined)) return [];
  const over = new Set(entries.flatMap(({ made = [] }) => made.map(({ id }) => id)));
  const before = view.keyring.keys.filter((key) => key.state === "creating" && key.origin === "created");
  const begun = [...fates.values()].flatMap(({ intended, intendedAt = 0 }): KeyRecord[] =>
    intended === undefined ? [] : [{ ...intended, state: "creating", origin: "created", creatingAt: intendedAt }],
  );
  return [...before, ...begun].filter(({ id }) => !over.has(id) && fates.get(id)?.endedAt === undefined);
}

interface Rules {
  readonly signer: string | undefined;
  readonly worst: PolicyInForce;
  readonly now: number;
  /** The kids that verifiers get. */
  readonly published: ReadonlySet<string>;
  /** True where the audit log tells all that happened since the keyring. */
  readonly isIntact: boolean;
}

function knownKey(key: KeyRecord, fate: Fate | undefined, rules: Rules): KeyRecord {
  const { signer, worst, now, isIntact } = rules;
  const before = fate?.isRecalled === true ? without(key, "tokensExpireBy") : key;
  const bounded = fate?.tokensExpireBy === undefined ? before : { ...before, tokensExpireBy: fate.tokensExpireBy };
  const over = revocationIn(fate);
  if (key.publicJwk?.kid === signer) return signing(bounded, fate, rules);
  if (over !== undefined) return { ...bounded, ...over, state: "revoked" };
  if (key.state === "retired" && fate?.hasSigned !== true) return bounded;
  // Without the chain it is unknown whether a standby has signed since.
  const maySign = key.state === "active" || fate?.hasSigned === true || (key.state === "pending" && isPromised(key, isIntact));
  if (key.state === "revoked") return bounded;
  if (maySign)
    return {
      ...signingUnder(bounded, worst),
      state: stateAfterSigning(key),
      activatedAt: key.activatedAt ?? now,
      retiredAt: now,
    };
  const lost = fate?.materialLostAt === undefined ? bounded : { ...bounded, materialLostAt: fate.materialLostAt };
  return fate?.wasUnpublished === true ? without(lost, "publishedAt") : lost;
}

function isPromised(key: KeyRecord, isIntact: boolean): boolean {
  return key.maxTtlSeconds !== undefined || !isIntact;
}

// A key that no record named, and that verifiers have, is kept as one that has signed until now. One that they never had is a standby
// that was just made.
function foundKey({ publicJwk, ...made }: MadeKey, fate: Fate | undefined, rules: Rules): KeyRecord {
  const { signer, worst, now, published } = rules;
  const origin = fate?.isImported === true && made.origin === "created" ? "imported" : made.origin;
  const record: KeyRecord = {
    ...made,
    origin,
    state: "retired",
    alg: publicJwk.alg,
    publicJwk,
    creatingAt: now,
    pendingAt: now,
    ...(fate?.tokensExpireBy !== undefined && { tokensExpireBy: fate.tokensExpireBy }),
  };
  if (publicJwk.kid === signer) return signing({ ...record, publishedAt: now }, fate, rules);
  const over = revocationIn(fate);
  if (over !== undefined) return { ...record, ...over, state: "revoked" };
  if (origin === "foreign") return { ...record, retiredAt: now };
  if (!published.has(publicJwk.kid) && fate?.hasSigned !== true) return { ...record, state: "pending" };
  return { ...signingUnder(record, worst), activatedAt: fate?.activatedAt ?? now, retiredAt: now };
}

// It goes on to sign; revoked, it is replaced at once.
function signing(key: KeyRecord, fate: Fate | undefined, { worst, now }: Rules): KeyRecord {
  const record = without(without(key, "retiredAt") as KeyRecord, "materialLostAt") as KeyRecord;
  const revocation = fate?.revokedAt === undefined ? {} : revocationIn(fate);
  return {
    ...signingUnder(record, worst),
    ...revocation,
    state: "active",
    activatedAt: fate?.activatedAt ?? key.activatedAt ?? now,
  };
}

function revocationIn(fate: Fate | undefined): Pick<KeyRecord, "revokedAt" | "reason"> | undefined {
  if (fate?.revokedAt !== undefined) {
    return { revokedAt: fate.revokedAt, ...(fate.reason !== undefined && { reason: fate.reason }) };
  }
  return fate?.isDiscarded === true ? {} : undefined;
}

// Removed since, or removed and another one imported under its name.
function isOver(key: KeyRecord, fates: ReadonlyMap<string, Fate>): boolean {
  const fate = fates.get(key.publicJwk?.kid ?? key.id);
  return fate?.endedAt !== undefined || (fate?.isNew === true && fate.made?.id !== key.id);
}

function isKnown(keyring: Keyring, kid: string): boolean {
  return keyring.keys.some((key) => key.publicJwk?.kid === kid);
}

function lastActivated(fates: ReadonlyMap<string, Fate>): string | undefined {
  const living = [...fates].filter(([, { activatedAt, endedAt }]) => activatedAt !== undefined && endedAt === undefined);
  return living.sort(([, a], [, b]) => (b.activatedAt as number) - (a.activatedAt as number))[0]?.[0];
}

function sequencesIn(entries: Entries = []): number[] {
  return entries.flatMap(({ sequence }) => sequence ?? []);
}

type Entries = NonNullable<Evidence["beyond"]>["entries"];

function lastPolicy(entries: Entries, before: PolicyInForce): PolicyInForce {
  return entries.findLast(({ policy }) => policy !== undefined)?.policy ?? before;
}

// Tokens live as long as the longest life that anything tells of.
function worstPolicy({ view, beyond }: Evidence, policy: PolicyInForce, settings: WorstSettings): PolicyInForce {
  const { keyring, documents } = view;
  const policies = [policy, keyring.policy, ...(beyond?.entries ?? []).flatMap((entry) => entry.policy ?? [])];
  const lives = [...policies, ...documents, settings].map(({ maxTtlSeconds }) => maxTtlSeconds);
  const ages = [...policies, settings].map(({ activeKeyMaxAgeSeconds }) => activeKeyMaxAgeSeconds);
  return {
    ...policy,
    maxTtlSeconds: Math.max(...lives, ...keyring.keys.map((key) => key.maxTtlSeconds ?? 0)),
    activeKeyMaxAgeSeconds: Math.max(...ages, ...keyring.keys.map((key) => key.maxAgeSeconds ?? 0)),
    allowsUnlimitedTokens: policies.some(({ allowsUnlimitedTokens }) => allowsUnlimitedTokens),
  };
}

// Managers of the keyring that is gone may still have writes and deletes on their way: no sequence of theirs is used again, and every
// slot rests.
function sequencesAfter({ view, beyond }: Evidence, now: number): Pick<Keyring, "lastSequence" | "allocations"> {
  const { keyring, documents, slots } = view;
  const seen = documents.map(({ sequence }) => sequence);
  const allocated = (beyond?.entries ?? []).map(
    ({ sequence, event }) => sequence ?? (event === "key.activation-started" ? -1 : 0),
  );
  const unknown = allocated.filter((sequence) => sequence < 0).length;
  const lastSequence = Math.max(keyring.lastSequence, ...seen, ...allocated) + SEQUENCES_APART * (1 + unknown);
  const standing: Allocation[] = seen.map((sequence) => ({ sequence }));
  if (slots === null) return { lastSequence, allocations: standing };
  const before = Array.from({ length: slots }, (_, back) => lastSequence - back).filter((sequence) => sequence > 0);
  const isFree = (sequence: number): boolean => !seen.some((other) => other % slots === sequence % slots);
  return {
    lastSequence,
    allocations: [...standing, ...before.filter(isFree).map((sequence) => ({ sequence, freedAt: now }))],
  };
}

// Only what the chain says: a record that was being made may have become anything.
function endedKeys({ keys, ended = [] }: Keyring, fates: ReadonlyMap<string, Fate>): readonly EndedKey[] {
  const had = new Set(ended.map(({ id }) => id));
  const over = [...fates].flatMap(([name, { endedAt, made }]): EndedKey[] => {
    if (endedAt === undefined) return [];
    const record = keys.find((key) => key.publicJwk?.kid === name || key.id === name);
    const key = made ?? record;
    if (key === undefined || had.has(key.id)) return [];
    const { id, custody, keyArn, publicJwk } = key;
    return [{ id, ...(publicJwk && { kid: publicJwk.kid }), custody, ...(keyArn !== undefined && { keyArn }), endedAt }];
  });
  return [...ended, ...over];
}
