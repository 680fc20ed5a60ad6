/** Answers JSON that nobody may keep: it holds a token, or is about one. */
export function privateJson(text: string, status = 200): Response {
  return new Response(text, { status, headers: PRIVATE_JSON });
}

const PRIVATE_JSON = { "content-type": "application/json", "cache-control": "no-store" };
