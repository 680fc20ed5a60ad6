import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { JWK } from "jose";
import { ISSUER, type Party, START } from "./party.js";

/** What a naive issuer does as others did. */
interface Habits {
  /** How long a key that was replaced stays published; for ever when absent. */
  readonly keptSeconds?: number;
  /** How often it takes another key; never by itself when absent. */
  readonly everySeconds?: number;
  /** `signing`: the JWKS holds the key that signs, and no other. */
  readonly publishes?: "signing";
  /** Whether a request makes the next key where the last one is too old, by an age that may have no value. */
  readonly makesKeysOnRequest?: boolean;
}

interface Key {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly jwk: JWK;
  readonly madeAt: number;
  goesAt: number;
}

/** A timer looks once a minute, half a minute after the full one, as a timer of a process that was started at any time. */
const LOOK_EVERY_SECONDS = 60;
const LOOK_AT = 30;

/**
 * The issuer that one writes in an afternoon: a new key signs as soon as there is one, the old one stays for a fixed time, and the JWKS may be
 * kept until the next rotation is due.
 */
export function naiveIssuer({ keptSeconds = Number.POSITIVE_INFINITY, everySeconds, ...habits }: Habits = {}): Party {
  let now = START;
  let keys: Key[] = [];
  const signing = (): Key => keys.at(-1) as Key;

  function takeAnotherKey(): void {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const kid = `naive-${keys.length}-${now}`;
    const jwk = { ...createPublicKey(privateKey).export({ format: "jwk" }), kid, alg: "ES256", use: "sig" };
    if (keys.length > 0) signing().goesAt = now + keptSeconds;
    keys.push({ kid, privateKey, jwk, madeAt: now, goesAt: Number.POSITIVE_INFINITY });
  }

  function look(): void {
    if (everySeconds !== undefined && now >= signing().madeAt + everySeconds) takeAnotherKey();
    keys = keys.filter(({ goesAt }) => goesAt > now);
  }

  function cacheControl(): string {
    if (everySeconds === undefined) return "public, max-age=300";
    const left = signing().madeAt + everySeconds - now;
    return left > 0 ? `max-age=${left}` : "no-store";
  }

  async function pass(seconds: number, upkeep = "goes on"): Promise<void> {
    const end = now + seconds;
    while (now < end) {
      const next = now + LOOK_EVERY_SECONDS - ((now - START - LOOK_AT + LOOK_EVERY_SECONDS) % LOOK_EVERY_SECONDS);
      now = Math.min(end, next);
      if (now === next && upkeep === "goes on") look();
    }
  }

  takeAnotherKey();
  return {
    now: () => now,
    pass,
    prepare: () => pass(2 * 86_400),
    rotate: async () => takeAnotherKey(),
    async issue(ttlSeconds = 3_600) {
      // Nothing is older than an age that was never set.
      if (habits.makesKeysOnRequest && !(now < signing().madeAt + (everySeconds ?? Number.NaN))) takeAnotherKey();
      const { kid, privateKey } = signing();
      const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
      const signed = `${part({ alg: "ES256", kid, typ: "JWT" })}.${part({ iss: ISSUER, iat: now, exp: now + ttlSeconds })}`;
      const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return `${signed}.${signature.toString("base64url")}`;
    },
    async serve() {
      const published = habits.publishes === "signing" ? [signing()] : keys;
      return { jwks: { keys: published.map(({ jwk }) => jwk) }, cacheControl: cacheControl() };
    },
  };
}
