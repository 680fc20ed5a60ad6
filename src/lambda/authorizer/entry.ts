import { createAuthorizer } from "./authorizer.js";

const authorize = createAuthorizer(process.env, (line) => void process.stdout.write(line));

/** The function's handler: an authorizer's event of API Gateway or AppSync. */
export const handler = async (event: unknown, context: { readonly awsRequestId: string }) => authorize(event, context);
