import { generateKeyPairSync } from "node:crypto";
import { publicJwk } from "../../src/algorithms/jwk.js";
import { localSigner } from "../../src/algorithms/signature.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import type { Signer } from "../../src/custody/contract.js";
import type { PublicTexts } from "../../src/http/public-documents.js";
import type { RequestLog } from "../../src/http/request-context.js";
import { createRoutes } from "../../src/http/routes.js";
import { makeSecret, secretDigest } from "../../src/issue/caller-secret.js";
import { type Caller, createCallers } from "../../src/issue/callers.js";
import { discoveryOf } from "../../src/keyring/documents.js";
import type { Limits } from "../../src/settings/limits.js";
import type { Tokens } from "../../src/settings/tokens.js";
import type { Proofs } from "../../src/trust/contract.js";
import { keyringFor } from "../contracts/keyring-fixture.js";

export const NOW = 1_900_000_000;
export const ISSUER = "https://issuer.example";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
export const signer = localSigner({ privateKey, alg: "ES256" });
export const JWKS = { keys: [publicJwk(privateKey, algorithmNamed("ES256"))] };

interface RoutesForOptions {
  /** What signs; by default a key of this file. */
  readonly signer?: Signer;
  readonly limits?: Partial<Limits>;
  readonly own?: Partial<Limits>;
  readonly tokens?: Tokens;
  readonly callers?: readonly Caller[];
  /** `undefined`: an issuer without a URL. */
  readonly issuer?: string | undefined;
  readonly decodeHosts?: readonly string[];
  readonly lookAgain?: () => Promise<void>;
  /** What is published; by default the keys and documents of `ISSUER`. */
  readonly documents?: PublicTexts;
  readonly proofs?: () => Proofs;
}

/** The routes of an issuer with one caller, "web", whose secret is at hand. */
export function routesFor(options: RoutesForOptions = {}) {
  const issuer = "issuer" in options ? options.issuer : ISSUER;
  const secret = makeSecret();
  const expired = makeSecret();
  let now = NOW;
  let { tokens = {} } = options;
  const record = (text: string) => ({ sha256: secretDigest(text).toString("hex"), createdAt: NOW - 10 });
  const web: Caller = { name: "web", limits: options.own, secrets: [record(secret), { ...record(expired), expiresAt: NOW }] };
  const callers = createCallers(
    { signer: options.signer ?? signer, issuer, limits: options.limits, tokens: options.tokens, clock: () => now },
    options.callers ?? [web],
  );
  const discovery = discoveryOf({ ...keyringFor([]), issuer: ISSUER });
  const documents = options.documents ?? { jwks: JWKS, discovery };
  const handle = createRoutes({
    issuer,
    tokens: () => tokens,
    decodeHosts: options.decodeHosts,
    lookAgain: options.lookAgain,
    callers: () => callers,
    documents: () => documents,
    proofs: options.proofs,
    assertReady: () => undefined,
    metrics: async () => ({ text: "signet_x 1\n", contentType: "text/plain" }),
    version: "0.0.0",
    clock: () => now,
  });
  const notes: RequestLog[] = [];
  async function ask(path: string, init: RequestInit & { address?: string } = {}): Promise<Response> {
    const context = { address: init.address ?? "192.0.2.1", log: {} };
    notes.push(context.log);
    return handle(new Request(`${ISSUER}${path}`, init), context);
  }
  function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const given = { authorization: `Bearer ${secret}`, "content-type": "application/json", ...headers };
    return ask(path, { method: "POST", body: text, headers: given });
  }
  return {
    ask,
    post,
    secret,
    expired,
    notes,
    handle,
    callers,
    setNow: (time: number) => (now = time),
    setTokens: (next: Tokens) => (tokens = next),
  };
}

/** The claims of a token, unverified. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
}
