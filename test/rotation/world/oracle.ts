import type { ActiveDocument } from "../../../src/keyring/active-document.js";
import type { Keyring } from "../../../src/keyring/keyring.js";
import type { PublicDocuments } from "../../../src/storage/contract.js";
import type { Clockwork } from "./clockwork.js";
import type { Services, Watcher } from "./services.js";
import { createStandbyWatch } from "./standby-watch.js";

/** A broken promise of the rotation. */
export class Violation extends Error {}

/** Watches everything that lands, and every token that is signed. */
export interface Oracle extends Watcher {
  /** An issuer has signed a token with a key, ending at a NumericDate. */
  signed(kid: string, expiresAt: number): void;
  /** The operator has said until when tokens of a key are accepted. */
  expiryTold(kid: string, until: number): void;
  /** The operator has uploaded a key, and says so. */
  uploadTold(kid: string): void;
  /** What a hand from outside does is no promise of ours. */
  byHand(deed: () => void): void;
  /** The first promise that was broken. */
  violation(): Violation | undefined;
  tokens(): number;
}

/** Verifiers' clocks may be behind by so much. */
const SKEW_SECONDS = 300;
/** Verifiers may read the JWKS so seldom: see `SLOWEST_CACHE_SECONDS`. */
const CACHE_SECONDS = 11_160;
/** Half a day by the clocks of two managers, one of them behind and the other one ahead. */
const TOLD_SECONDS = 43_200 - 4 * SKEW_SECONDS;

export function createOracle(clockwork: Clockwork, services: () => Services): Oracle {
  /** Until when a token of a key may be accepted somewhere, in true time. */
  const acceptedUntil = new Map<string, number>();
  const publishedSince = new Map<string, number>();
  const revoked = new Set<string>();
  /** Keys that were let sign without the wait: the first one, and successors of revoked or lost keys. */
  const hurried = new Set<string>();
  /** Revoked keys that have left the JWKS. */
  const gone = new Set<string>();
  /** Ids of all records that ever were, and of those that were given up. */
  const known = new Set<string>();
  const givenUp = new Set<string>();
  /** Since when keys that no record names are told. */
  const strayTold = new Map<string, number>();
  /** Kids of keys that the operator has uploaded. */
  const uploaded = new Set<string>();
  let intended: string | undefined;
  const standbys = createStandbyWatch(isReady, (id, kid) => services().isSound(id, kid));
  let isByHand = false;
  let first: Violation | undefined;
  let tokens = 0;

  function broken(words: string): void {
    if (!isByHand) first ??= new Violation(`${words} at ${Math.round(clockwork.now())}`);
  }

  function isReady(kid: string): boolean {
    return clockwork.now() - (publishedSince.get(kid) ?? Number.POSITIVE_INFINITY) >= CACHE_SECONDS;
  }

  /** Whether there is a reason to let a key sign at once. */
  function isExcused({ activation, confirmedSequence }: Keyring): boolean {
    if (activation?.because !== "lost") return activation?.because === "first" || activation?.because === "revoked";
    const [top] = services().documents();
    return top === undefined || top.sequence < confirmedSequence || !usable(top);
  }

  /** What a sweep destroys was told half a day before. */
  function sweptAway(id: string): void {
    if (!known.has(id)) broken(`the private key ${id} was destroyed, of which no keyring has said that it is over`);
    const isRecord = services()
      .keyring()
      ?.keys.some((key) => key.id === id);
    const toldFor = clockwork.now() - (strayTold.get(id) ?? Number.POSITIVE_INFINITY);
    if (!isRecord && toldFor < TOLD_SECONDS) broken(`the private key ${id} was destroyed before anybody could have read of it`);
  }

  function lookAtStandbys(keyring: Keyring): void {
    for (const { id, publicJwk, materialLostAt } of keyring.keys) {
      known.add(id);
      if (materialLostAt === undefined || publicJwk === undefined || givenUp.has(id)) continue;
      givenUp.add(id);
      if (services().isSound(id, publicJwk.kid)) broken(`key ${publicJwk.kid} was given up, and its private part is there`);
    }
    for (const { name } of keyring.strays ?? []) if (!strayTold.has(name)) strayTold.set(name, clockwork.now());
    standbys.keyringWritten(keyring);
  }

  /** Where keys are uploaded, none begins to sign before a person has said that it was. */
  function lookAtUploads({ policy, activation, confirmedSequence, keys }: Keyring): void {
    const isNew = activation !== null && activation.id !== intended;
    intended = activation?.id;
    if (!isNew || policy.byUpload !== true || confirmedSequence === 0) return;
    const next = keys.find(({ id }) => id === activation.id);
    if (next?.state === "pending" && !uploaded.has(next.publicJwk?.kid ?? "")) {
      broken(`key ${next.publicJwk?.kid} is let sign (${activation.because}), and nobody said that it was uploaded`);
    }
  }

  function keyringWritten(keyring: Keyring): void {
    lookAtUploads(keyring);
    for (const { publicJwk, revokedAt } of keyring.keys) if (revokedAt !== undefined && publicJwk) revoked.add(publicJwk.kid);
    const { activation } = keyring;
    const kid = keyring.keys.find((key) => key.id === activation?.id)?.publicJwk?.kid;
    lookAtStandbys(keyring);
    if (kid !== undefined && isExcused(keyring) && !standbys.isStripped()) hurried.add(kid);
    if (keyring.keys.filter((key) => key.publicJwk && key.state !== "revoked" && key.state !== "creating").length > 10) {
      broken("more than ten keys are published");
    }
  }

  function published({ jwks }: PublicDocuments): void {
    const now = clockwork.now();
    const kids = new Set(jwks.keys.map((jwk) => jwk.kid));
    for (const kid of publishedSince.keys()) if (!kids.has(kid)) publishedSince.delete(kid);
    for (const kid of kids) if (!publishedSince.has(kid)) publishedSince.set(kid, now);
    for (const kid of gone) if (kids.has(kid)) broken(`key ${kid}, which was revoked, is published again`);
    for (const kid of revoked) if (!kids.has(kid)) gone.add(kid);
    for (const [kid, until] of acceptedUntil) {
      if (until > now && !kids.has(kid) && !revoked.has(kid))
        broken(`key ${kid} left the JWKS ${Math.round(until - now)} s too early`);
    }
    const top = services().documents()[0];
    // Not even a revoked one leaves before its successor's document is there.
    if (top !== undefined && !kids.has(top.kid)) broken(`the key that signs, ${top.kid}, left the JWKS`);
  }

  function usable(top: ActiveDocument | undefined): boolean {
    return top !== undefined && services().canOpen(top);
  }

  let hasSigned = false;
  function documentsChanged(): void {
    const top = services().documents()[0];
    hasSigned ||= top !== undefined;
    if (hasSigned && !usable(top)) broken("no issuer can sign: the active document, or its key, is gone");
    const confirmed = services().keyring()?.confirmedSequence ?? 0;
    if ((top?.sequence ?? 0) < confirmed) broken(`the active document ${confirmed} was deleted`);
  }

  return {
    keyringWritten,
    published,
    documentsChanged,
    destroyed: (id) => {
      sweptAway(id);
      if (hasSigned && !usable(services().documents()[0])) broken("the private part of the key that signs was destroyed");
    },
    signed(kid, expiresAt) {
      tokens++;
      const now = clockwork.now();
      acceptedUntil.set(kid, Math.max(acceptedUntil.get(kid) ?? 0, expiresAt + SKEW_SECONDS));
      if (revoked.has(kid)) return;
      const since = publishedSince.get(kid);
      if (since === undefined) broken(`a token was signed with ${kid}, which is not published`);
      else if (!hurried.has(kid) && now - since < CACHE_SECONDS)
        broken(`a token was signed with ${kid}, which caches may not have`);
    },
    uploadTold: (kid) => void uploaded.add(kid),
    expiryTold: (kid, until) => void acceptedUntil.set(kid, Math.max(acceptedUntil.get(kid) ?? 0, until)),
    byHand(deed) {
      isByHand = true;
      deed();
      isByHand = false;
    },
    violation: () => first,
    tokens: () => tokens,
  };
}
