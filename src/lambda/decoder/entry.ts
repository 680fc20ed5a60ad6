import { withoutStack } from "../shared/report.js";
import { createLineWriter } from "../shared/write-line.js";
import { createDecoderHandler } from "./decoder.js";

const decode = withoutStack(() => createDecoderHandler(process.env, createLineWriter()));

/** The function's handler: `POST /decode`, through API Gateway or a function URL. */
export const handler = async (event: unknown, context: { readonly awsRequestId: string }) => decode(event, context);
