import { A_TEXT, NAMES, readOptions } from "../encoding/options.js";
import { PROBLEM_TYPE, problemText } from "../encoding/problem.js";
import { isSignetError, isTokenRefusal, SignetError, toPublicError } from "../errors.js";
import { hasScopes } from "./claims.js";
import type { VerifiedToken, Verifying } from "./verifier.js";

/** How a guard speaks of itself. */
export interface BearerOptions {
  /** Names what is protected, in `WWW-Authenticate`. Default `api`. */
  readonly realm?: string | undefined;
  /** Scopes that a token must have, all of them, beside those that the verifier asks for. */
  readonly scopes?: readonly string[] | undefined;
}

/** How a request is refused: the answer, complete (RFC 6750 section 3, RFC 9457). */
export interface BearerRefusal {
  /** 503 while keys cannot be had, 500 where that lasts until it is corrected. */
  readonly status: 401 | 403 | 500 | 503;
  readonly headers: Readonly<Record<string, string>>;
  /** Problem details, as JSON. */
  readonly body: string;
}

/** What a request's `Authorization` is worth: a verified token, or the answer that refuses it. */
export type BearerOutcome =
  | { readonly token: VerifiedToken; readonly refusal?: undefined }
  | { readonly token?: undefined; readonly refusal: BearerRefusal };

/** Tells by the text of a request's `Authorization` header whether it may pass. */
export type BearerGuard = (authorization: string | null | undefined) => Promise<BearerOutcome>;

// RFC 6750 section 2.1: the scheme's name has no case; what follows is b64token.
const BEARER = /^Bearer +([\w\-.~+/]+=*) *$/i;

/**
 * Binds a verifier to what comes in requests. It fails closed: what cannot be decided is no yes.
 *
 * @example
 * ```ts
 * import { bearerGuard, createVerifier } from "signet-jwt/verify";
 *
 * const guard = bearerGuard(createVerifier({ issuer: "https://issuer.example", audience: "api" }), { scopes: ["read"] });
 *
 * async function handle(request: Request): Promise<Response> {
 *   const { token, refusal } = await guard(request.headers.get("authorization"));
 *   if (refusal !== undefined) return new Response(refusal.body, refusal);
 *   return Response.json({ hello: token.claims.sub });
 * }
 * console.log((await handle(new Request("https://api.example/"))).status); // 401
 * ```
 *
 * @returns a function that never throws
 * @throws SignetError `config_invalid`
 */
export function bearerGuard(verifier: Verifying, options: BearerOptions = {}): BearerGuard {
  if (typeof verifier?.verify !== "function") {
    throw new SignetError("config_invalid", "bearerGuard takes a verifier: what createVerifier makes", { field: "verifier" });
  }
  const { realm = "api", scopes: wanted = [] } = readOptions<BearerOptions>(options, "bearerGuard", {
    realm: A_TEXT,
    scopes: NAMES,
  });
  const scopes = [...wanted];
  const challenge = `Bearer realm="${quotable(realm)}"`;
  return async (authorization) => {
    // Whatever a framework hands over: nothing of it is made a text of.
    const bearer = typeof authorization === "string" ? BEARER.exec(authorization)?.[1] : undefined;
    if (bearer === undefined) return { refusal: refusal(401, "token_missing", "a bearer token is needed", challenge) };
    try {
      const token = await verifier.verify(bearer, "access");
      if (hasScopes(token.claims, scopes)) return { token };
      const wanted = `${challenge}, error="insufficient_scope", scope="${quotable(scopes.join(" "))}"`;
      return { refusal: refusal(403, "token_scope_missing", "the token does not have a scope that is required here", wanted) };
    } catch (error) {
      const { code, message, status } = toPublicError(error);
      if (!isTokenRefusal(error)) {
        // Clients come again after an outage: what lasts until it is corrected is none.
        const isLasting = status !== 503 && code !== "internal";
        const words = isLasting ? "cannot be verified by these keys and options" : "cannot be verified now";
        return { refusal: refusal(isLasting ? 500 : 503, code, `the token ${words}`) };
      }
      const isScope = isSignetError(error, "token_scope_missing");
      const kind = isScope ? "insufficient_scope" : "invalid_token";
      const header = `${challenge}, error="${kind}", error_description="${quotable(message)}"`;
      return { refusal: refusal(isScope ? 403 : 401, code, message, header) };
    }
  };
}

// RFC 6750 section 3: no quotes, no backslashes, nothing beyond ASCII.
function quotable(text: string): string {
  return text.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, "?");
}

function refusal(status: BearerRefusal["status"], code: string, message: string, challenge?: string): BearerRefusal {
  const headers = { "content-type": PROBLEM_TYPE, "cache-control": "no-store" };
  return {
    status,
    headers: challenge === undefined ? headers : { ...headers, "www-authenticate": challenge },
    body: problemText({ status, code, message }),
  };
}
