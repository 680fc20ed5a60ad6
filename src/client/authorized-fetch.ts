import { isLoopback } from "../encoding/loopback-host.js";
import { A_FUNCTION, invalidOption, isWhole, type OptionChecks, readOptions } from "../encoding/options.js";
import { webUrlOf } from "../encoding/url-of.js";
import { SignetError } from "../errors.js";
import type { TokenSource } from "./token-source.js";

/** Whom tokens are shown. */
export interface AuthorizedFetchOptions {
  /** Origins that are shown the token, such as `https://api.example`; no other one is ever asked. https, or http on this machine. */
  readonly origins: readonly string[];
  /** Instead of the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

const OPTIONS: OptionChecks<AuthorizedFetchOptions> = {
  origins: ["a list of origins, such as https://api.example", (value) => Array.isArray(value) && isWhole(value.length, 1), true],
  fetch: A_FUNCTION,
};

/**
 * Makes a `fetch` that shows a source's token to some origins, as `Authorization: Bearer`. After a 401 the token is discarded, and a request
 * without a body is sent once more with another one.
 *
 * @example
 * ```ts
 * import { openIssuer } from "signet-jwt";
 * import { authorizedFetch, createTokenSource } from "signet-jwt/client";
 *
 * const source = createTokenSource({ from: await openIssuer(), request: { claims: { aud: "my-api" }, ttl: 900 } });
 * const api = authorizedFetch(source, {
 *   origins: ["https://api.example"],
 *   fetch: async (_url, init) => new Response(new Headers(init?.headers).get("authorization")),
 * });
 * const answer = await api("https://api.example/items");
 * console.log((await answer.text()).slice(0, 6)); // Bearer
 * ```
 *
 * @throws SignetError `config_invalid`, naming the option. The function that is answered throws what `token()` does, and
 *   `origin_refused` for a URL of another origin
 */
export function authorizedFetch(source: TokenSource, options: AuthorizedFetchOptions): typeof globalThis.fetch {
  const { origins, fetch = globalThis.fetch } = readOptions(options, "authorizedFetch", OPTIONS);
  const shown = new Set(origins.map(originOf));
  return async (input, init) => {
    const url = input instanceof Request ? input.url : input;
    assertShown(url, shown);
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    const token = await source.token(signal ? { signal } : {});
    // A body that is a stream is read once: only what has none can be sent again.
    const isBare = (init?.body ?? null) === null && !(input instanceof Request && input.body !== null);
    const answer = await fetch(input, withToken(input, init, token));
    if (answer.status !== 401) return answer;
    source.discard(token);
    if (!isBare) return answer;
    const other = await source.token(signal ? { signal } : {});
    if (other === token) return answer;
    await answer.body?.cancel();
    return fetch(input, withToken(input, init, other));
  };
}

function withToken(input: string | URL | Request, init: RequestInit | undefined, token: string): RequestInit {
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set("authorization", `Bearer ${token}`);
  return { ...init, headers };
}

function originOf(text: unknown): string {
  const url = typeof text === "string" ? webUrlOf(text) : undefined;
  if (url === undefined || text !== url.origin)
    throw invalidOption("origins", "must be origins and no more, such as https://api.example");
  if (url.protocol === "https:" || isLoopback(url.hostname)) return url.origin;
  throw invalidOption("origins", "must be origins of https: over http an attacker on the way reads the token");
}

function assertShown(url: string | URL, shown: ReadonlySet<string>): void {
  const origin = webUrlOf(String(url))?.origin;
  if (origin !== undefined && shown.has(origin)) return;
  throw new SignetError(
    "origin_refused",
    "the URL is of an origin that is shown no token: name it in origins, or use fetch itself",
  );
}
