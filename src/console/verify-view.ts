import { isInsecureUrl } from "../encoding/insecure-issuer.js";
import { webUrlOf } from "../encoding/url-of.js";
import { isSignetError, isTokenRefusal, SignetError } from "../errors.js";
import { presentSeconds } from "../issue/issuer.js";
import type { Surroundings } from "../operator/surroundings.js";
import { bareToken, readableToken, timesInWords } from "../operator/token-reading.js";
import { type JudgedToken, judgeToken } from "../operator/token-verification.js";
import { discoveredKeys, MAX_TOKEN, type VerificationKeys, verificationKeys } from "../operator/verification-keys.js";
import type { VerifyAnswer, VerifyRequest } from "./contract.js";
import type { IssuerAtHand } from "./issuer-at-hand.js";
import { partOf } from "./json-part.js";
import { failingPlainly, withoutCommands } from "./plain-names.js";

/** As `signet verify` has it. */
const CLOCK_SKEW_SECONDS = 60;
/** What a provider of OpenID Connect signs with where it says nothing else (OpenID Connect Core 1.0, section 2). */
const USUAL_RSA = "RS256";

/** Says what a token says, and whether it is good by the keys that were chosen. The token is kept nowhere, and goes nowhere. */
export async function verifyView(
  surroundings: Surroundings,
  issuer: IssuerAtHand,
  { token: pasted, by, audience }: VerifyRequest,
): Promise<VerifyAnswer> {
  const token = bareToken(pasted);
  const now = presentSeconds();
  const said = readOrRefused(token);
  const found =
    by === "own" ? await ownKeys(surroundings, issuer, token) : await failingPlainly(withoutCommands, keysOf(by.issuer));
  const named = by === "own" ? undefined : by.issuer;
  const source = found.url === undefined ? {} : { keysFrom: found.url };
  if (isSignetError(said)) return { header: null, claims: null, times: [], verdict: { ...refusalOf(said), ...source } };
  const shown = {
    header: partOf(said.header),
    claims: partOf(said.claims),
    times: timesInWords(said.claims, now).map(({ claim, words }) => ({ claim, words })),
  };
  try {
    const judged = await judge(token, found, { named, audience, now });
    return { ...shown, verdict: { isValid: true, words: withoutCommands(judged.words), unchecked: judged.unchecked, ...source } };
  } catch (error) {
    const refusal = isTokenRefusal(error) || isSignetError(error, "invalid_key") ? error : undefined;
    if (refusal === undefined) throw error;
    return { ...shown, verdict: { ...refusalOf(refusal), ...source } };
  }
}

function readOrRefused(token: string) {
  try {
    return readableToken(token, MAX_TOKEN);
  } catch (error) {
    if (!isTokenRefusal(error)) throw error;
    return error;
  }
}

function refusalOf({ code, message }: SignetError): VerifyAnswer["verdict"] {
  return { isValid: false, code, words: withoutCommands(message), unchecked: [] };
}

function ownKeys(surroundings: Surroundings, issuer: IssuerAtHand, token: string): Promise<VerificationKeys> {
  return verificationKeys(surroundings, token, {}, () => issuer.installation());
}

async function keysOf(url: string): Promise<VerificationKeys> {
  if (webUrlOf(url) === undefined)
    throw new SignetError("invalid_request", "an issuer's URL begins with https://", { field: "by.issuer" });
  if (isInsecureUrl(url)) {
    const words =
      "keys are fetched over https, and over http from this machine alone: over http an attacker on the way can give other keys";
    throw new SignetError("jwks_misconfigured", words, { field: "by.issuer" });
  }
  return discoveredKeys(url);
}

interface Asked {
  readonly named: string | undefined;
  readonly audience: string | undefined;
  readonly now: number;
}

async function judge(token: string, found: VerificationKeys, { named, audience, now }: Asked) {
  const terms = { issuer: named, audience, clockSkewSeconds: CLOCK_SKEW_SECONDS, now, namesOptions: false };
  try {
    return told(await judgeToken(token, found, terms));
  } catch (error) {
    // Entra's keys are such.
    if (!isSignetError(error, "invalid_key") || error.field !== "algorithms") throw error;
    const { words, unchecked } = told(await judgeToken(token, found, { ...terms, algorithms: [USUAL_RSA] }));
    return { words, unchecked: [...unchecked, `the keys name no algorithm: ${USUAL_RSA} was taken to be meant`] };
  }
}

function told({ words, unchecked }: JudgedToken): { readonly words: string; readonly unchecked: readonly string[] } {
  return { words, unchecked: unchecked.map((what) => `the ${what} was not checked: none was named`) };
}
