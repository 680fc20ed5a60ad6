import { withoutStack } from "../shared/report.js";
import { createLineWriter } from "../shared/write-line.js";
import { createAuthorizer } from "./authorizer.js";

const authorize = withoutStack(() => createAuthorizer(process.env, createLineWriter()));

/** The function's handler: an authorizer's event of API Gateway or AppSync. */
export const handler = async (event: unknown, context: { readonly awsRequestId: string }) => authorize(event, context);
