import type { ServerResponse } from "node:http";
import { isSignetError } from "../errors.js";
import { answerOf, HEADERS } from "./answers.js";
import type { Changes } from "./changes.js";
import type { ChangeLine, ChangeRequest } from "./contract.js";

/**
 * Carries out what was previewed, and tells each step before it is done, a line each. What was begun is finished, whether or not the page
 * still listens.
 *
 * @param onUnexpected told of failures that nothing foresaw
 * @throws what is refused before the first step: it is an answer like any other
 */
export async function answerChange(
  response: ServerResponse,
  changes: Changes,
  asked: ChangeRequest,
  onUnexpected: (failure: unknown) => void,
): Promise<void> {
  const told = (line: ChangeLine): void => {
    if (!response.headersSent) response.writeHead(200, { ...HEADERS, "content-type": "application/x-ndjson" });
    response.write(`${JSON.stringify(line)}\n`);
  };
  try {
    told(await changes.carryOut(asked, told));
  } catch (error) {
    if (!response.headersSent) throw error;
    if (!isSignetError(error)) onUnexpected(error);
    told(answerOf(error));
  }
  response.end();
}
