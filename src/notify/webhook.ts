import { createHmac } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { isLoopback } from "../encoding/loopback-host.js";
import { urlOf } from "../encoding/url-of.js";
import { SignetError } from "../errors.js";
import type { Notify } from "../rotation/session/notice.js";

/** How notices reach a webhook. */
export interface WebhookOptions {
  /** https, or http on this machine. */
  readonly url: string;
  /** Shared with the receiver: `whsec_` and at least 24 bytes in base64. */
  readonly secret: string;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** NumericDate. */
  readonly clock?: (() => number) | undefined;
  readonly sleep?: ((milliseconds: number) => Promise<unknown>) | undefined;
}

const TRIES = 3;
const TRY_MS = 5_000;
const MIN_SECRET_BYTES = 24;

/**
 * Posts notices to a webhook, signed as Standard Webhooks 1.0 says: receivers check `webhook-signature` with any library for it, refuse
 * an old `webhook-timestamp`, and know a notice that they have had already by its `webhook-id`.
 *
 * @throws SignetError `config_invalid` for a URL or a secret that cannot be used
 */
export function webhookNotifier(options: WebhookOptions): Notify {
  const { url, fetch = globalThis.fetch, clock = () => Math.floor(Date.now() / 1_000), sleep = delay } = options;
  const key = secretBytes(options.secret);
  assertUrl(url);

  async function post(id: string, body: string): Promise<number> {
    const timestamp = String(clock());
    const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
    const headers = {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
    };
    // What it answers is of no interest, and where it would redirect to was not configured.
    const answer = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: AbortSignal.timeout(TRY_MS) });
    await answer.body?.cancel();
    return answer.status;
  }

  return async (notice) => {
    const body = JSON.stringify(notice);
    let why = "";
    for (let tried = 1; tried <= TRIES; tried++) {
      try {
        const status = await post(notice.id, body);
        if (status >= 200 && status < 300) return;
        why = `it answers ${status}`;
      } catch {
        why = "it cannot be reached";
      }
      if (tried < TRIES) await sleep(250 * 2 ** tried);
    }
    throw new SignetError("notice_failed", `the webhook did not take a notice: ${why}`);
  };
}

function secretBytes(secret: string): Buffer {
  const bytes = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  if (secret.startsWith("whsec_") && bytes.length >= MIN_SECRET_BYTES) return bytes;
  throw new SignetError(
    "config_invalid",
    "the webhook's secret must be whsec_ and at least 24 bytes in base64: printf whsec_; openssl rand -base64 32",
    {
      field: "SIGNET_WEBHOOK_SECRET",
    },
  );
}

function assertUrl(text: string): void {
  const url = urlOf(text);
  const isSecure = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (isSecure && url.username === "" && url.password === "") return;
  throw new SignetError("config_invalid", "the webhook's URL must be https (or http on this machine), without a password", {
    field: "notices.webhook",
  });
}
