import { withoutStack } from "../shared/report.js";
import { createLineWriter } from "../shared/write-line.js";
import { createTokenHandler } from "./token.js";

const answer = withoutStack(() => createTokenHandler(process.env, createLineWriter()));

/** The function's handler: `POST /token`, through API Gateway or a function URL. */
export const handler = async (event: unknown, context: { readonly awsRequestId: string }) => answer(event, context);
