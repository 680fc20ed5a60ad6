import { withoutStack } from "../shared/report.js";
import { createLineWriter } from "../shared/write-line.js";
import { startTokenFunction } from "./token.js";

const started = withoutStack(() => startTokenFunction(process.env, createLineWriter()));

/** The function's handler: `POST /token`, through API Gateway or a function URL. */
export const handler = async (event: unknown, context: { readonly awsRequestId: string }) => started.handler(event, context);

/** Makes what this file exports a promise of it, so that INIT waits until what every request needs is warm: as the issuer's (`issuer/entry.ts`). */
// biome-ignore lint/suspicious/noThenProperty: being a promise is what it is for.
export const then = (resolve: (exports: { readonly handler: typeof handler }) => void): void => {
  void started.ready.then(() => resolve({ handler }));
};
