import { isSignetError } from "../../src/errors.js";
import { makeSecret, secretDigest } from "../../src/issue/caller-secret.js";
import type { Caller } from "../../src/issue/callers.js";
import type { ExchangeRule, ProofSettings, TrustRule } from "../../src/settings/trusts.js";
import type { OnceStore } from "../../src/storage/contract.js";
import { IDP, jwksOf, keyOf, memoryOnce, proofsOf } from "../trust/fixture.js";
import type { TestKey } from "../verify/tokens.js";
import { ISSUER, NOW, routesFor } from "./routes-fixture.js";

export { IDP, ISSUER, keyOf, NOW };

export const CLIENT_CREDENTIALS = "client_credentials";
export const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
export const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
export const TYPE = "urn:ietf:params:oauth:token-type:";

/** The subject of good proofs. */
export const SUBJECT = "repo:acme/app:ref:refs/heads/main";

/** The claims of a good proof of the caller "ci", with changes. */
export function proofClaims(claims: object = {}): object {
  return { iss: IDP, aud: ISSUER, sub: SUBJECT, iat: NOW - 10, exp: NOW + 300, jti: "1", ...claims };
}

/** A signed token of the issuer that rules trust, with changes. */
export function proofBy(key: TestKey, claims: object = {}, header: object = {}): string {
  return key.token({ ...key.header, ...header }, proofClaims(claims));
}

/** An assertion that the caller "own" has signed itself, with changes. */
export function assertionBy(key: TestKey, claims: object = {}, header: object = {}): string {
  const said = { iss: "own", sub: "own", aud: ISSUER, iat: NOW, exp: NOW + 60, jti: "a", ...claims };
  return key.token({ ...key.header, ...header }, said);
}

/** A rule for the issuer's tokens by a key that is at hand, with changes. */
export function ruleOf(key: TestKey, more: Partial<TrustRule> = {}): TrustRule {
  return { issuer: IDP, jwks: jwksOf(key), claims: { sub: SUBJECT }, maxAgeSeconds: 3_600, ...more } as TrustRule;
}

/** The same for an exchange. */
export function exchangeOf(key: TestKey, more: Partial<ExchangeRule> = {}): ExchangeRule {
  const claims = { sub: { prefix: "user:" } };
  return { ...ruleOf(key), claims, audiences: ["https://api.example"], scopes: ["read", "write"], ...more } as ExchangeRule;
}

export type ProvenCaller = ProofSettings & Pick<Caller, "limits">;

/** The routes of an issuer whose callers prove themselves; each has a secret as well. */
export function provenRoutes(callers: Readonly<Record<string, ProvenCaller>>, once: OnceStore = memoryOnce(), more: object = {}) {
  const secrets = new Map(Object.keys(callers).map((name) => [name, makeSecret()]));
  const known = Object.entries(callers).map(([name, { limits, trusts, exchanges }]): Caller => {
    const sha256 = secretDigest(secrets.get(name) ?? "").toString("hex");
    return { name, limits, trusts, exchanges, secrets: [{ sha256, createdAt: NOW }] };
  });
  const proofs = proofsOf(callers, { issuer: ISSUER, clock: () => NOW, once, ...more });
  let present = proofs;
  const routes = routesFor({ callers: known, proofs: () => present });
  /** Edits the rules while a token is being judged by those before. */
  function editMeanwhile(edited: Readonly<Record<string, ProvenCaller>>): void {
    const later = proofsOf(edited, { issuer: ISSUER, clock: () => NOW, once, ...more });
    const first =
      <A extends readonly unknown[], R>(judge: (...given: A) => Promise<R>) =>
      async (...given: A) => {
        const judged = await judge(...given);
        present = later;
        return judged;
      };
    present = { ...proofs, prove: first(proofs.prove), exchangeable: first(proofs.exchangeable) };
  }

  const form = (parameters: Parameters | string): string =>
    typeof parameters === "string" ? parameters : new URLSearchParams(Object.entries(parameters).flatMap(pairs)).toString();

  /** Posts a form to `/token`, by Basic of a caller where one is named. */
  function token(parameters: Parameters | string, basic?: string, init: object = {}): Promise<Response> {
    const credentials = `${basic}:${secrets.get(basic ?? "")}`;
    const authorization = { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
    const headers = { "content-type": "application/x-www-form-urlencoded", ...(basic !== undefined && authorization) };
    return routes.ask("/token", { method: "POST", body: form(parameters), headers, ...init });
  }

  /** Issues by a token in the header. */
  function bearer(proof: string, path = "/issue", body: object = { claims: { sub: "a" } }): Promise<Response> {
    return routes.post(path, body, { authorization: `Bearer ${proof}` });
  }

  return { ...routes, token, bearer, editMeanwhile, secretOf: (name: string) => secrets.get(name) ?? "" };
}

type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>;

function pairs([name, value]: [string, Parameters[string]]): [string, string][] {
  return [value ?? []].flat().map((each) => [name, each]);
}

/** How an answer of `/token` begins: its status and error, or "token". */
export async function answerOf(answer: Response | Promise<Response>): Promise<string> {
  const { status, headers } = await answer;
  const body = (await (await answer).clone().json()) as { error?: string; code?: string; access_token?: string };
  if (headers.get("cache-control") !== "no-store") throw new Error("a cache may keep it");
  return status === 200 ? "token" : `${status} ${body.error ?? body.code}`;
}

/** A store that fails. */
export function failingOnce(error: unknown): OnceStore {
  if (!isSignetError(error)) throw error;
  return { createOnce: () => Promise.reject(error) };
}

/** What a client sends beside its grant to prove itself by a token. */
export function assertion(token: string): { readonly client_assertion_type: string; readonly client_assertion: string } {
  return { client_assertion_type: ASSERTION_TYPE, client_assertion: token };
}
