import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";
import type { Claims, IssueRequest } from "../issue/request.js";
import { readGivenFile } from "../operator/given-file.js";
import { claimsFromPairs } from "./claim-pairs.js";
import type { Context } from "./context.js";
import { durationGiven, parseTypedJson } from "./typed.js";

/** The options that say what a token is. */
export interface RequestOptions {
  readonly claims?: string;
  readonly ttl?: string;
  readonly iat?: boolean;
  readonly nbf?: boolean;
  readonly jti?: boolean;
  readonly typ?: string;
}

/** The claims that are asked for: of `--claims`, and as pairs. @throws SignetError `usage` */
export async function claimsAsked(context: Context, pairs: readonly string[], given: string | undefined): Promise<Claims> {
  const claims = given === undefined ? {} : await claimsGiven(context, given);
  const fromPairs = claimsFromPairs(pairs);
  for (const name of Object.keys(fromPairs)) {
    if (Object.hasOwn(claims, name))
      throw new SignetError("usage", `the claim ${name} is given twice: in --claims and as ${name}=...`);
  }
  return { ...claims, ...fromPairs };
}

async function claimsGiven(context: Context, given: string): Promise<Claims> {
  const isFile = given.startsWith("@");
  const text = isFile ? await readGivenFile(context, given.slice(1), "--claims") : given;
  const value = isFile ? parseStrictJson(text, given.slice(1)) : parseTypedJson(given, "--claims", '{"sub":"alice"}');
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Claims;
  throw new SignetError("usage", '--claims must be a JSON object such as \'{"sub":"alice"}\', @FILE, or - for stdin');
}

/** What is asked for besides claims. @throws SignetError `usage` */
export function requestAsked({ ttl, iat, nbf, jti, typ }: RequestOptions): Omit<IssueRequest, "claims"> {
  return {
    ...(ttl === undefined ? {} : { ttl: durationGiven(ttl, "--ttl") }),
    ...(iat === true ? { setIat: true } : {}),
    ...(nbf === true ? { setNbf: true } : {}),
    ...(jti === true ? { setJti: true } : {}),
    ...(typ === undefined ? {} : { typ }),
  };
}
