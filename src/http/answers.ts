/** Answers JSON that no cache may keep: it holds a token, or is about one. */
export function privateJson(text: string | Uint8Array, status = 200): Response {
  return new Response(text as ConstructorParameters<typeof Response>[0], { status, headers: PRIVATE_JSON });
}

const PRIVATE_JSON = { "content-type": "application/json", "cache-control": "no-store" };
