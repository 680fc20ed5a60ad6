import { parseStrictJson } from "../../encoding/strict-json.js";
import { SignetError } from "../../errors.js";
import type { Claims, IssueRequest } from "../../issue/request.js";
import { readGivenFile } from "../../operator/given-file.js";
import { putLimitsInForce } from "../../operator/limits-in-force.js";
import { claimsFromPairs } from "../claim-pairs.js";
import type { CommonOptions, Context } from "../context.js";
import { issueLines } from "../issue-lines.js";
import { openInstallation } from "../open-installation.js";
import { createTokenWriter } from "../token-writer.js";
import { durationGiven, parseTypedJson } from "../typed.js";

export interface IssueOptions extends CommonOptions {
  readonly claims?: string;
  readonly ttl?: string;
  readonly iat?: boolean;
  readonly nbf?: boolean;
  readonly jti?: boolean;
  readonly typ?: string;
  readonly count?: string;
}

const MAX_TOKENS = 100_000_000;

/** `signet issue`: one token a line. */
export async function issue(context: Context, pairs: readonly string[], options: IssueOptions): Promise<void> {
  const count = countOf(options.count);
  const request = requestOf(options);
  const installation = await openInstallation(context, options);
  await putLimitsInForce(installation, (words) => context.output.note(words));
  const { issuer } = installation;
  const asLine = options.json === true ? (token: string) => `{"token":"${token}"}` : undefined;
  const writer = createTokenWriter(process.stdout, context.output, asLine);
  if (options.claims === "-") {
    if (pairs.length > 0 || count !== 1)
      throw new SignetError("usage", "--claims - reads every claim from stdin: leave out name=value and -n");
    await issueLines(process.stdin, issuer, request, writer);
  } else {
    const claims = await claimsOf(context, pairs, options.claims);
    for (let made = 0; made < count; made++) await writer.write((await issuer.issue({ ...request, claims })).token);
  }
  await writer.end();
}

async function claimsOf(context: Context, pairs: readonly string[], given: string | undefined): Promise<Claims> {
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

function requestOf({ ttl, iat, nbf, jti, typ }: IssueOptions): Omit<IssueRequest, "claims"> {
  return {
    ...(ttl === undefined ? {} : { ttl: durationGiven(ttl, "--ttl") }),
    ...(iat === true ? { setIat: true } : {}),
    ...(nbf === true ? { setNbf: true } : {}),
    ...(jti === true ? { setJti: true } : {}),
    ...(typ === undefined ? {} : { typ }),
  };
}

function countOf(text = "1"): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_TOKENS) return count;
  throw new SignetError("usage", `-n must be a whole number from 1 to ${MAX_TOKENS}`);
}
