import { createLineWriter } from "../shared/write-line.js";
import { createHandler, type InvocationContext } from "./issuer.js";

const answer = createHandler(process.env, createLineWriter());

/** The function's handler: a request for a token, or a batch, answers as the library does. */
export const handler = async (event: unknown, context: InvocationContext) => answer(event, context);
