import type { KeyRecord } from "../../../src/keyring/key-record.js";
import type { Keyring } from "../../../src/keyring/keyring.js";
import type { Clockwork } from "../world/clockwork.js";
import { Violation } from "../world/oracle.js";

/** What must hold whatever happens: told of by the cloud and the issuers, never by what is tested. */
export interface CloudOracle {
  signed(kid: string, expiresAt: number): void;
  /** The JWKS, as it stands. */
  published(kids: readonly string[]): void;
  /** Someone wrote a keyring; `byHand` where it is an old one put back. */
  keyringStands(keyring: Keyring, byHand: boolean): void;
  /** The operator revoked a key. */
  revoked(kid: string): void;
  /** Nobody can know of a key any more: a hand took away all that told of it. */
  excused(kid: string): void;
  /** A hand from outside damaged or took away the private part of a key. */
  harmed(kid: string): void;
  /** A manager destroyed a private part. */
  destroyed(kid: string | undefined): void;
  /** A manager deleted an active document; the top one that is left. */
  documentDeleted(sequence: number, top: number | undefined): void;
  violation(): Violation | undefined;
  readonly tokens: () => number;
  /** One for a copy of the installation, in which all that was promised so far is promised as well. */
  forCopy(topKid: () => string | undefined): CloudOracle;
}

/** What an oracle knows. */
interface Known {
  /** Until when a token of a key may be accepted somewhere. */
  readonly acceptedUntil: Map<string, number>;
  readonly excused: Set<string>;
  readonly harmed: Set<string>;
  /** Every record that any keyring ever had, as the newest of them has it. */
  readonly records: Map<string, KeyRecord>;
}

const nothingKnown = (): Known => ({ acceptedUntil: new Map(), excused: new Set(), harmed: new Set(), records: new Map() });

/** Verifiers' clocks may be behind by so much. */
const SKEW_SECONDS = 300;

export function createCloudOracle(
  clockwork: Clockwork,
  topKid: () => string | undefined,
  { acceptedUntil, excused, harmed, records } = nothingKnown(),
): CloudOracle {
  let tokens = 0;
  let first: Violation | undefined;
  const broken = (words: string): void => {
    first ??= new Violation(`${words} at ${Math.round(clockwork.now())}`);
  };

  return {
    signed(kid, expiresAt) {
      tokens++;
      acceptedUntil.set(kid, Math.max(acceptedUntil.get(kid) ?? 0, expiresAt + SKEW_SECONDS));
    },
    published(kids) {
      const now = clockwork.now();
      for (const [kid, until] of acceptedUntil) {
        if (until > now && !excused.has(kid) && !kids.includes(kid)) {
          broken(`key ${kid} left the JWKS ${Math.round(until - now)} s too early`);
        }
      }
    },
    keyringStands(keyring, byHand) {
      if (byHand) return;
      for (const key of keyring.keys) if (key.publicJwk !== undefined) records.set(key.publicJwk.kid, key);
      for (const { publicJwk, materialLostAt } of keyring.keys) {
        const kid = publicJwk?.kid ?? "";
        if (materialLostAt !== undefined && !harmed.has(kid)) broken(`key ${kid} was given up, and its private part is there`);
        const told = keyring.strays?.find(({ name }) => name.endsWith(`.${kid}`));
        if (kid !== "" && told !== undefined) broken(`key ${kid} was told as one that is not needed`);
      }
      const present = new Set(keyring.keys.map((key) => key.publicJwk?.kid));
      for (const kid of records.keys()) if (!present.has(kid)) records.delete(kid);
    },
    revoked: (kid) => void excused.add(kid),
    excused: (kid) => void excused.add(kid),
    harmed: (kid) => void harmed.add(kid),
    destroyed(kid) {
      if (kid === undefined || harmed.has(kid) || excused.has(kid)) return;
      if (kid === topKid()) broken(`the private part of the key that signs, ${kid}, was destroyed`);
      const state = records.get(kid)?.state;
      if (state === "active" || state === "pending") broken(`the private part of ${kid}, which is ${state}, was destroyed`);
    },
    documentDeleted(sequence, top) {
      if (top === undefined || top < sequence) broken(`the active document ${sequence} was deleted`);
    },
    violation: () => first,
    tokens: () => tokens,
    forCopy: (topKidOfCopy) =>
      createCloudOracle(clockwork, topKidOfCopy, {
        acceptedUntil: new Map(acceptedUntil),
        excused: new Set(excused),
        harmed: new Set(harmed),
        records: new Map(records),
      }),
  };
}
