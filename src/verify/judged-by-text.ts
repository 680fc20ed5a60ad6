import { type ErrorDetails, SignetError, shortened } from "../errors.js";
import { isWithin, type Reach, reachInWords, reachOfHost } from "./reach.js";

/** How something is fetched. */
export interface FetchInit {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Takes http from beyond this machine. */
  readonly allowInsecureIssuer?: boolean | undefined;
}

/** An answer, and who can reach the address that it came from. */
export interface JudgedAnswer {
  readonly answer: Response;
  readonly reach: Reach;
}

/**
 * Fetches a URL and follows no redirect.
 *
 * @param issuers who can reach the issuer that leads there: no address that is more private is connected to; absent for the issuer itself
 * @throws SignetError `jwks_misconfigured` where no address is left
 */
export type JudgedFetch = (url: string, init: FetchInit, issuers: Reach | undefined) => Promise<JudgedAnswer>;

/** Judges by the URL alone, where a caller's `fetch` finds the address. A name that tells nothing counts as public. */
export function judgedByText(fetch: typeof globalThis.fetch): JudgedFetch {
  return async (url, { headers, signal }, issuers) => {
    const reach = reachOfHost(new URL(url).hostname) ?? "public";
    assertWithin(url, reach, issuers);
    return { answer: await fetch(url, { headers, signal, redirect: "manual" }), reach };
  };
}

/** @throws SignetError `jwks_misconfigured` where an address is more private than the issuer that leads there */
export function assertWithin(url: string, reach: Reach, issuers: Reach | undefined): void {
  if (!isWithin(reach, issuers ?? "machine")) throw tooPrivate(url, reach);
}

/** The refusal of an address. */
export function tooPrivate(url: string, reach: Reach): SignetError {
  const why = reach === "none" ? "nothing is fetched from there" : "the issuer that leads there is not";
  return misconfigured(url, `its address is ${reachInWords(reach)}: ${why}`);
}

/** The error for keys that cannot be had now. @param place a URL, or the issuer's */
export function unavailable(place: string, why: string, details?: ErrorDetails): SignetError {
  return new SignetError("jwks_unavailable", `${shortened(place)}: ${why}`, details);
}

/** The error for keys that cannot be had until what leads to them is corrected: another try changes nothing. */
export function misconfigured(place: string, why: string, details?: ErrorDetails): SignetError {
  return new SignetError("jwks_misconfigured", `${shortened(place)}: ${why}`, details);
}
