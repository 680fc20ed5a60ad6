/**
 * Checks AWS Signature Version 4, from the IAM User Guide's "Create a signed AWS API request" and "Troubleshoot Signature Version
 * 4"; written apart from the product's signer.
 */
import { createHmac, createSecretKey, hash as digestOf, timingSafeEqual } from "node:crypto";
import { Refusal } from "./refusal.mjs";

const hash = (data) => digestOf("sha256", data);
// On Node 24 a key in bytes costs more than what is done with it.
const mac = (/** @type {import("node:crypto").KeyObject} */ key, /** @type {string} */ data) =>
  createHmac("sha256", key).update(data).digest();
const ENCODED = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  return /[A-Za-z0-9\-._~]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
});
const encoded = (/** @type {string} */ text) => {
  let whole = "";
  for (const byte of Buffer.from(text)) whole += ENCODED[byte];
  return whole;
};

/** A key is good for a day, a region and a service. */
const keys = new Map();
function keyFor(secret, scope) {
  const name = `${secret} ${scope}`;
  const known = keys.get(name);
  if (known !== undefined) return known;
  const first = createSecretKey(`AWS4${secret}`, "utf8");
  const key = scope.split("/").reduce((last, part) => createSecretKey(mac(last, part)), first);
  keys.set(name, key);
  return key;
}

const HEADER =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

/** Of the last date: requests come by the hundred in one second. */
let known = { date: "", time: Number.NaN };

function timeOf(date) {
  if (date !== known.date)
    known = { date, time: Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z")) };
  return known.time;
}

/**
 * @param {{ method: string, url: string, headers: Record<string, string>, body: Buffer }} request
 * @param {{ service: string, region: string, now: number, credentials: readonly any[] }} expected
 * @returns whoever signed
 */
export function signerOf({ method, url, headers, body }, { service, region, now, credentials }) {
  const isS3 = service === "s3";
  const found = HEADER.exec(headers.authorization ?? "");
  if (found === null) throw new Refusal(isS3 ? "AccessDenied" : "MissingAuthenticationTokenException", "no signature", 403);
  const [, accessKeyId, day, scopeRegion, scopeService, signedList, signature] = found;
  const who = credentials.find((each) => each.accessKeyId === accessKeyId);
  if (who === undefined)
    throw new Refusal(
      isS3 ? "InvalidAccessKeyId" : "UnrecognizedClientException",
      "The security token included in the request is invalid.",
      403,
    );
  if (who.expired)
    throw new Refusal(
      isS3 ? "ExpiredToken" : "ExpiredTokenException",
      "The security token included in the request is expired",
      isS3 ? 400 : 403,
    );
  if ((who.sessionToken ?? undefined) !== headers["x-amz-security-token"]) {
    throw new Refusal(
      isS3 ? "InvalidToken" : "UnrecognizedClientException",
      "The security token included in the request is invalid.",
      403,
    );
  }
  const wrong = (message) => new Refusal(isS3 ? "SignatureDoesNotMatch" : "InvalidSignatureException", message, 403);
  if (scopeRegion !== region || scopeService !== service) throw wrong(`Credential should be scoped to ${region}/${service}`);
  const date = headers["x-amz-date"] ?? "";
  const time = timeOf(date);
  if (Number.isNaN(time) || !date.startsWith(day)) throw wrong("the date of the scope is not the request's");
  // Five minutes for the JSON services, fifteen for S3 (S3 error responses: RequestTimeTooSkewed).
  if (Math.abs(time - now) > (isS3 ? 15 : 5) * 60_000) {
    if (isS3)
      throw new Refusal(
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        403,
      );
    throw wrong(`Signature ${time < now ? "expired" : "not yet current"}: ${date}`);
  }
  const signed = signedList.split(";");
  if (signed.some((name, index) => index > 0 && name < signed[index - 1])) throw wrong("the signed headers are not in order");
  for (const name of Object.keys(headers)) {
    const isNeeded = name === "host" || name.startsWith("x-amz-");
    if (isNeeded && !signed.includes(name)) throw wrong(`${name} is not signed`);
  }
  const payload = hash(body);
  if (isS3 && payload !== headers["x-amz-content-sha256"])
    throw new Refusal(
      "XAmzContentSHA256Mismatch",
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  const [path, query = ""] = url.split("?");
  const canonicalPath = isS3 ? path : path.split("/").map(encoded).join("/");
  const canonicalQuery = query === "" ? "" : sortedQuery(query);
  const lines = signed.map((name) => `${name}:${withSingleSpaces((headers[name] ?? "").trim())}\n`).join("");
  const canonical = [method, canonicalPath, canonicalQuery, lines, signedList, payload].join("\n");
  const scope = `${day}/${scopeRegion}/${scopeService}/aws4_request`;
  const key = keyFor(who.secretAccessKey, scope);
  const right = mac(key, ["AWS4-HMAC-SHA256", date, scope, hash(canonical)].join("\n"));
  if (!timingSafeEqual(right, Buffer.from(signature, "hex")))
    throw wrong("The request signature we calculated does not match the signature you provided.");
  return who;
}

function sortedQuery(query) {
  return query
    .split("&")
    .filter(Boolean)
    .map((pair) => pair.split("=").map((part) => encoded(decodeURIComponent(part))))
    .sort(([a, x = ""], [b, y = ""]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value = ""]) => `${name}=${value}`)
    .join("&");
}

const withSingleSpaces = (text) => (/\s\s|[^\S ]/.test(text) ? text.replace(/\s+/g, " ") : text);
