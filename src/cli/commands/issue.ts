import { SignetError } from "../../errors.js";
import { putLimitsInForce } from "../../operator/limits-in-force.js";
import { claimsAsked, type RequestOptions, requestAsked } from "../asked-request.js";
import type { CommonOptions, Context } from "../context.js";
import { issueLines } from "../issue-lines.js";
import { openInstallation } from "../open-installation.js";
import { createTokenWriter } from "../token-writer.js";

export interface IssueOptions extends CommonOptions, RequestOptions {
  readonly count?: string;
}

const MAX_TOKENS = 100_000_000;

/** `signet issue`: one token a line. */
export async function issue(context: Context, pairs: readonly string[], options: IssueOptions): Promise<void> {
  const count = countOf(options.count);
  const request = requestAsked(options);
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
    const claims = await claimsAsked(context, pairs, options.claims);
    for (let made = 0; made < count; made++) await writer.write((await issuer.issue({ ...request, claims })).token);
  }
  await writer.end();
}

function countOf(text = "1"): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_TOKENS) return count;
  throw new SignetError("usage", `-n must be a whole number from 1 to ${MAX_TOKENS}`);
}
