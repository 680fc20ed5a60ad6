import type { ActiveDocument } from "../../../src/keyring/active-document.js";
import type { Keyring } from "../../../src/keyring/keyring.js";
import type { PublicDocuments } from "../../../src/storage/contract.js";
import type { Clockwork } from "./clockwork.js";
import type { Services, Watcher } from "./services.js";

/** A broken promise of the rotation. */
export class Violation extends Error {}

/** Watches everything that lands, and every token that is signed. */
export interface Oracle extends Watcher {
  /** An issuer has signed a token with a key, ending at a NumericDate. */
  signed(kid: string, expiresAt: number): void;
  /** The first promise that was broken. */
  violation(): Violation | undefined;
  tokens(): number;
}

/** Verifiers' clocks may be behind by so much. */
const SKEW_SECONDS = 300;
/** Verifiers may read the JWKS so seldom: see `SLOWEST_CACHE_SECONDS`. */
const CACHE_SECONDS = 11_160;

export function createOracle(clockwork: Clockwork, services: () => Services): Oracle {
  /** Until when a token of a key may be accepted somewhere, in true time. */
  const acceptedUntil = new Map<string, number>();
  const publishedSince = new Map<string, number>();
  const revoked = new Set<string>();
  /** Keys that were let sign without the wait: the first one, and successors of revoked or lost keys. */
  const hurried = new Set<string>();
  /** Revoked keys that have left the JWKS. */
  const gone = new Set<string>();
  let first: Violation | undefined;
  let tokens = 0;

  function broken(words: string): void {
    first ??= new Violation(`${words} at ${Math.round(clockwork.now())}`);
  }

  function keyringWritten(keyring: Keyring): void {
    for (const { publicJwk, revokedAt } of keyring.keys) if (revokedAt !== undefined && publicJwk) revoked.add(publicJwk.kid);
    const { activation } = keyring;
    const kid = keyring.keys.find((key) => key.id === activation?.id)?.publicJwk?.kid;
    if (kid !== undefined && activation !== null && ["first", "lost", "revoked"].includes(activation.because)) hurried.add(kid);
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
    if (top !== undefined && !kids.has(top.kid) && !revoked.has(top.kid)) broken(`the key that signs, ${top.kid}, left the JWKS`);
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
    destroyed: () => {
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
    violation: () => first,
    tokens: () => tokens,
  };
}
