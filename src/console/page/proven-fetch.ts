import { NONCE_HEADER, PROOF_HEADER, SESSION_HEADER, type SessionAnswer } from "../contract.js";

/** Sends a question to the console. @throws NotTheConsole, or what `fetch` throws where nothing answers */
export type Ask = (path: string, asked: unknown) => Promise<Response>;

/** What answers is not the console that this tab belongs to. */
export class NotTheConsole extends Error {}

/** For so long after a proof the same one is taken to listen still. */
const FRESH_MILLISECONDS = 2_000;

/**
 * Asks the console, and takes an answer only with its proof: once the console has ended, any process of this machine can have its port. A body
 * is sent only to who has proven itself just now.
 *
 * @param now milliseconds
 */
export function provenFetch({ session, proof }: SessionAnswer, send: typeof fetch = fetch, now = Date.now): Ask {
  let provenAt: number | undefined;

  async function ask(path: string, body: string): Promise<Response> {
    const nonce = crypto.randomUUID();
    provenAt = undefined;
    const response = await post(path, body, { [SESSION_HEADER]: session, [NONCE_HEADER]: nonce }, send);
    if (response.headers.get(PROOF_HEADER) !== (await proofOf(proof, nonce, path))) throw new NotTheConsole();
    provenAt = now();
    return response;
  }

  return async (path, asked) => {
    const body = JSON.stringify(asked);
    const isFresh = provenAt !== undefined && Math.abs(now() - provenAt) < FRESH_MILLISECONDS;
    if (body !== "{}" && !isFresh) await ask("/api/here", "{}");
    return ask(path, body);
  };
}

/** Sends JSON, and follows no redirect. */
export function post(path: string, body: string, headers: Readonly<Record<string, string>> = {}, send: typeof fetch = fetch) {
  return send(path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
    redirect: "error",
  });
}

async function proofOf(key: string, nonce: string, path: string): Promise<string> {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", bytes(key), algorithm, false, ["sign"]);
  const made = new Uint8Array(await crypto.subtle.sign("HMAC", imported, bytes(`${nonce} ${path}`)));
  return Array.from(made, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
