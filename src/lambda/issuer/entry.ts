import { withoutStack } from "../shared/report.js";
import { createLineWriter } from "../shared/write-line.js";
import { type InvocationContext, startIssuer } from "./issuer.js";

const issuer = withoutStack(() => startIssuer(process.env, createLineWriter()));

/** The function's handler: a request for a token, or a batch, answers as the library does. */
export const handler = async (event: unknown, context: InvocationContext) => issuer.handler(event, context);

/**
 * Makes what this file exports a promise of it, so that INIT waits for the key: Lambda's runtime client 3 (Node 22) awaits what it has
 * required, 4 (Node 24) what it has imported, by the name that the build shows to Node's reader of CommonJS names. Each who asks
 * gets an object that is no promise itself. A runtime that does not wait finds the handler all the same.
 */
// biome-ignore lint/suspicious/noThenProperty: being a promise is what it is for.
export const then = (resolve: (exports: { readonly handler: typeof handler }) => void): void => {
  void issuer.ready.then(() => resolve({ handler }));
};
