import { holdsBackslashName } from "../../encoding/json-names.js";
import { SignetError } from "../../errors.js";
import type { BatchResult, ImmediateIssuer } from "../../issue/issuer.js";
import type { IssueRequest } from "../../issue/request.js";

/**
 * The refusal of an event in which a member's name holds a backslash. Lambda parses an event before we see it, and on Node 24 and 26
 * it then may have read another name than was sent, or one name for two (`encoding/json-names.ts`); each name that was misread has
 * a backslash.
 *
 * @throws SignetError `invalid_request`
 */
export function assertNamesWereRead(event: unknown): void {
  const refusal = misreadNames(event);
  if (refusal !== undefined) throw refusal;
}

/** Issues the requests of a batch; one with such a name gets an error of its own. */
export async function issueWellRead(issuer: ImmediateIssuer, requests: readonly IssueRequest[]): Promise<readonly BatchResult[]> {
  const refusals = requests.map(misreadNames);
  const issued = (await issuer.issueMany(requests.filter((_, index) => refusals[index] === undefined))).values();
  return refusals.map((refusal) => {
    if (refusal === undefined) return issued.next().value as BatchResult;
    return { error: { code: refusal.code, message: refusal.message } };
  });
}

function misreadNames(event: unknown): SignetError | undefined {
  if (!holdsBackslashName(event)) return undefined;
  return new SignetError(
    "invalid_request",
    "a member's name holds a backslash (\\): Lambda's JSON parser may have misread it (nodejs/node#63785); rename the member",
  );
}
