import { createLocalJWKSet, decodeProtectedHeader, errors, type JSONWebKeySet, jwtVerify } from "jose";
import type { Party } from "./party.js";

/** The key that a token names. */
export const kidOf = (token: string): string => decodeProtectedHeader(token).kid as string;

/** Whether jose, which shares no code with this, takes a token by a JWKS; anything but a key that is not there is a fault of the test. */
export async function isTaken(token: string, jwks: JSONWebKeySet, now: number): Promise<boolean> {
  try {
    await jwtVerify(token, createLocalJWKSet(jwks), { currentDate: new Date(now * 1_000) });
    return true;
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return false;
    throw error;
  }
}

/** A verifier of somebody else's. */
interface OthersVerifier {
  takes(token: string): Promise<boolean>;
}

/** Keeps the JWKS for so long, whatever a token names. `fetch` is the issuer's answer, or its outage. */
export function keepingVerifier(party: Party, keptSeconds: number, fetch = () => party.serve()): OthersVerifier {
  let kept: { readonly jwks: JSONWebKeySet; readonly at: number } | undefined;
  return {
    async takes(token) {
      if (kept === undefined || party.now() - kept.at >= keptSeconds) {
        // The old keys are dropped before the new ones are there.
        kept = undefined;
        try {
          kept = { jwks: (await fetch()).jwks, at: party.now() };
        } catch {
          return false;
        }
      }
      return isTaken(token, kept.jwks, party.now());
    },
  };
}

/** Does as `Cache-Control` says; answers how often it had to ask, where a token came every second. */
export async function requestsOfOneThatObeys(party: Party, seconds: number): Promise<number> {
  let requests = 0;
  let freshUntil = 0;
  for (let second = 0; second < seconds; second++) {
    if (party.now() >= freshUntil) {
      requests += 1;
      const { cacheControl } = await party.serve();
      freshUntil = party.now() + Number(/max-age=(\d+)/.exec(cacheControl)?.[1] ?? 0);
    }
    await party.pass(1);
  }
  return requests;
}
