import type { IncomingMessage } from "node:http";
import { closedObject, isObject, requestChecker } from "../encoding/object-schema.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";
import { type Api, MAX_REASON, type PreviewRequest, type VerifyRequest } from "./contract.js";

/** The largest body, in bytes. */
const MAX_BYTES = 64 * 1_024;

const TEXT = { type: "string", minLength: 1, title: "a text" } as const;
const OBJECT = { type: "object", title: "an object" } as const;

const nothing = requestChecker(closedObject([], {}), "{}");
const session = requestChecker(closedObject(["code"], { code: TEXT }), '{"code": "..."}');
const rotation = requestChecker(closedObject(["change"], { change: TEXT, uploaded: TEXT }), '{"change": "rotate"}');
const revocation = requestChecker(
  closedObject(["change", "kid"], { change: TEXT, kid: TEXT, reason: TEXT }),
  '{"change": "revoke", "kid": "..."}',
);
const change = requestChecker(
  closedObject(["preview"], { preview: TEXT, confirm: { type: "string", title: "a text" } }),
  '{"preview": "..."}',
);
const verification = requestChecker(
  closedObject(["token", "by"], {
    token: TEXT,
    by: { type: ["string"], title: '"own", or an object with the URL of an issuer' },
    audience: TEXT,
  }),
  '{"token": "...", "by": "own"}',
);
const issuerNamed = requestChecker(closedObject(["issuer"], { issuer: TEXT }), '{"issuer": "https://issuer.example"}');
const form = requestChecker(closedObject([], { caller: TEXT }), "{}");
const issue = requestChecker(closedObject(["request"], { request: OBJECT, caller: TEXT }), '{"request": {"claims": {}}}');
const audit = requestChecker(
  closedObject([], {
    search: { type: "string", title: "a text" },
    before: { type: "integer", minimum: 1, title: "the number of an entry" },
  }),
  "{}",
);

type Readers = { readonly [Path in keyof Api]: (value: unknown) => Api[Path]["asked"] };

/** What reads each request; what is not in its shape is refused with `invalid_request` or `unknown_field`, naming the member. */
export const READERS: Readers = {
  "/api/session": (value) => session(value) as never,
  "/api/here": (value) => nothing(value) as never,
  "/api/keys": (value) => nothing(value) as never,
  "/api/preview": previewOf,
  "/api/change": (value) => change(value) as never,
  "/api/verify": verificationOf,
  "/api/issue-form": (value) => form(value) as never,
  // What is asked for is checked by the issuer itself, member by member.
  "/api/issue": (value) => issue(value) as never,
  "/api/issue-commands": (value) => issue(value) as never,
  "/api/callers": (value) => nothing(value) as never,
  "/api/audit": (value) => audit(value) as never,
};

function previewOf(value: unknown): PreviewRequest {
  const wanted = isObject(value) ? value.change : undefined;
  if (wanted === "rotate") return rotation(value) as never;
  if (wanted !== "revoke") throw new SignetError("invalid_request", 'change must be "rotate" or "revoke"', { field: "change" });
  const read = revocation(value) as { readonly reason?: string };
  if ((read.reason?.length ?? 0) > MAX_REASON)
    throw new SignetError("invalid_request", `reason must be a text of at most ${MAX_REASON} characters`, { field: "reason" });
  return read as PreviewRequest;
}

function verificationOf(value: unknown): VerifyRequest {
  if (!isObject(value) || !isObject(value.by)) {
    const read = verification(value) as unknown as VerifyRequest;
    if (read.by === "own") return read;
    throw new SignetError("invalid_request", 'by must be "own", or an object with the URL of an issuer', { field: "by" });
  }
  const by = issuerNamed(value.by) as { readonly issuer: string };
  return { ...(verification({ ...value, by: "own" }) as unknown as VerifyRequest), by };
}

/**
 * Reads a request's body: a JSON object without a member that stands twice.
 *
 * @throws SignetError `request_too_large`, `invalid_request` for one that was cut off, `invalid_json`, `duplicate_member`
 */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size > MAX_BYTES) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new SignetError("invalid_request", "the request ended before its body was complete", { cause });
  }
  if (size > MAX_BYTES) throw tooLarge();
  return parseStrictJson(Buffer.concat(chunks), "the request");
}

function tooLarge(): SignetError {
  return new SignetError("request_too_large", `the body is larger than ${MAX_BYTES} bytes`);
}
