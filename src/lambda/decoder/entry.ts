import { createDecoderHandler } from "./decoder.js";

const decode = createDecoderHandler(process.env, (line) => void process.stdout.write(line));

/** The function's handler: `POST /decode`, through API Gateway or a function URL. */
export const handler = async (event: unknown, context: { readonly awsRequestId: string }) => decode(event, context);
