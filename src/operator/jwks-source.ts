import { nameOfEntry, whyAside } from "../algorithms/jwk-purpose.js";
import { createBucket } from "../aws/s3.js";
import { firstFew } from "../encoding/first-few.js";
import { isInsecureUrl } from "../encoding/insecure-issuer.js";
import { isObject } from "../encoding/object-schema.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError, shortened } from "../errors.js";
import type { Jwks } from "../keyring/documents.js";
import { type FetchBounds, fetchJwks } from "../verify/fetch-jwks.js";
import { awsAccess } from "./aws-access.js";
import { readGivenFile } from "./given-file.js";
import type { Surroundings } from "./surroundings.js";

/**
 * Reads a JWKS from where it is: a file, a URL, or an object in S3 (`s3://BUCKET/KEY`). Its entries are judged where they are used.
 *
 * @param bounds of what is fetched
 * @param insteadOfPem what can be done with a PEM, in words behind a semicolon
 * @throws SignetError `usage` for what is no JWKS, `jwks_unavailable`, `jwks_misconfigured`, and what S3 answers
 */
export async function readJwks(
  surroundings: Surroundings,
  given: string,
  bounds: FetchBounds = {},
  insteadOfPem = TAKES_PEM,
): Promise<Jwks> {
  if (bounds.allowInsecureIssuer === undefined) assertSecure(given, "fetch it yourself, look at it, and give the file");
  const { keys } = /^https?:\/\//i.test(given)
    ? await fetchJwks(given, bounds)
    : await readAtHand(surroundings, given, insteadOfPem);
  // A fault of one entry is that entry's.
  if (Array.isArray(keys) && (keys.length === 0 || keys.some(isObject))) return { keys } as unknown as Jwks;
  throw new SignetError("usage", `${given} is not a JWKS: it must be an object with a list "keys" of objects`);
}

/** Surroundings in which what has no region of its own, such as `s3://BUCKET/KEY`, is looked for in one; nothing changes without one. */
export function inRegion(surroundings: Surroundings, region: string | undefined): Surroundings {
  return region === undefined ? surroundings : { ...surroundings, env: { ...surroundings.env, AWS_REGION: region } };
}

/**
 * Reads a JWKS by which tokens are to be verified.
 *
 * @throws SignetError `invalid_key` where verifiers leave each of its keys aside, with the reasons; as `readJwks`
 */
export async function readVerifyingJwks(surroundings: Surroundings, given: string, bounds: FetchBounds): Promise<Jwks> {
  const jwks = await readJwks(surroundings, given, bounds);
  const reasons = jwks.keys.map((entry: unknown) => whyAside(entry));
  if (reasons.includes(undefined)) return jwks;
  const words = firstFew(reasons.map((why, index) => `${nameOfEntry(jwks.keys[index], index)}: ${why}`));
  throw new SignetError("invalid_key", `${given} has no key that verifies signatures: ${words || "it lists none"}`);
}

/**
 * Refuses to have keys fetched over http from beyond this machine, with what can be typed instead.
 *
 * @param way what to do, in words behind a semicolon
 * @throws SignetError `jwks_misconfigured`
 */
export function assertSecure(url: string, way: string): void {
  if (!isInsecureUrl(url)) return;
  const words = `${shortened(url)}: keys are fetched over https, and over http on this machine alone; ${way}`;
  throw new SignetError("jwks_misconfigured", words);
}

const TAKES_PEM = "`signet verify --pem` takes a PEM";

async function readAtHand(surroundings: Surroundings, given: string, insteadOfPem: string): Promise<{ readonly keys?: unknown }> {
  const text = given.startsWith("s3://") ? await objectText(surroundings, given) : await readGivenFile(surroundings, given);
  if (text.toString().trimStart().startsWith("-----BEGIN "))
    throw new SignetError("usage", `${given} is a PEM, and a JWKS was expected; ${insteadOfPem}`);
  return parseStrictJson(text, given) ?? {};
}

async function objectText(surroundings: Surroundings, given: string): Promise<string> {
  const [, bucket = "", key = ""] = /^s3:\/\/([^/]+)\/(.+)$/.exec(given) ?? [];
  if (key === "") throw new SignetError("usage", `${given} names no object: give s3://BUCKET/KEY`);
  const found = await createBucket(awsAccess(surroundings, given), bucket).get(key);
  if (found !== undefined) return found.body;
  throw new SignetError("usage", `there is no object ${given}`);
}
