import { invokeFunction } from "../../aws/lambda-invoke.js";
import type { Transport } from "../../aws/transport.js";
import { isObject } from "../../encoding/object-schema.js";
import { type ErrorCode, SignetError, shortened } from "../../errors.js";
import { proofAliasOf } from "../../issue/alias-callers.js";
import { retryAfterIn } from "../shared/report.js";
import type { AskIssuer } from "./remote-callers.js";

const MAX_MESSAGE = 512;
/** A code of ours; Lambda's own have dots and capitals (`Sandbox.Timedout`). */
const CODE = /^[a-z][a-z0-9_]{2,40}$/;

/** Asks by invoking the alias for the caller's proofs: the function's role may invoke no other. */
export function askIssuer(transport: Transport, functionArn: string): AskIssuer {
  return async (caller, request) => {
    const answer = await invokeFunction(transport, functionArn, request, proofAliasOf(caller));
    if ("thrown" in answer) throw thrownError(answer.thrown);
    if (isObject(answer.value) && typeof answer.value.token === "string") return { token: answer.value.token };
    throw new SignetError("internal", "the issuer's function has answered neither a token nor an error");
  };
}

// The issuer's function throws a code and its words (`errorWithoutStack`); what else Lambda says is of a function that could not run.
function thrownError(thrown: unknown): SignetError {
  const { errorType, errorMessage, trace } = isObject(thrown) ? thrown : {};
  if (typeof errorType === "string" && CODE.test(errorType)) {
    const message = typeof errorMessage === "string" ? shortened(errorMessage, MAX_MESSAGE) : errorType;
    const retryAfterSeconds = retryAfterIn(trace) ?? (errorType === "aws_throttled" ? 1 : undefined);
    return new SignetError(errorType as ErrorCode, message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
  }
  const cause = typeof errorType === "string" ? shortened(errorType) : "an unknown error";
  return new SignetError("aws_unavailable", `the issuer's function could not answer (${cause}): its own log says why`);
}
