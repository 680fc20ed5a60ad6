import { urlOf } from "../../encoding/url-of.js";
import { presentSeconds } from "../../issue/issuer.js";
import { checkDecodeRequest } from "../../verify/decode-request.js";
import { createDecoder } from "../../verify/decoder.js";
import { type HttpAnswer, httpAnswer, httpProblem, identityOf, isHttpEvent, readHttpEvent } from "../shared/http-event.js";
import { createLog } from "../shared/log.js";
import { logRefused, shownIdentity } from "../shared/report.js";
import { assertVariablesAreSpelt, type Environment, listIn, wrong } from "../shared/settings.js";

/** Answers an event of API Gateway or of a function URL. */
export type DecoderHandler = (event: unknown, context: { readonly awsRequestId: string }) => Promise<HttpAnswer>;

/**
 * Makes the handler behind `POST /decode`. It is a function of its own and its role reaches nothing: it fetches what a caller names.
 *
 * @throws SignetError `config_invalid`, naming the variable
 */
export function createDecoderHandler(env: Environment, write: (line: string) => void): DecoderHandler {
  assertVariablesAreSpelt(env);
  const log = createLog(env, write);
  const hosts = listIn(env.SIGNET_DECODE_HOSTS);
  const issuer = env.SIGNET_ISSUER || undefined;
  if (issuer === undefined && hosts.length === 0)
    throw wrong("SIGNET_DECODE_HOSTS", "is not set: the hosts that keys are fetched from");
  if (issuer !== undefined && urlOf(issuer) === undefined)
    throw wrong("SIGNET_ISSUER", "must be a URL: keys are fetched from its host");
  const decode = createDecoder({ issuer, hosts: hosts.length === 0 ? undefined : hosts, clock: presentSeconds });

  return async (event, { awsRequestId }) => {
    const began = performance.now();
    const isHttp = isHttpEvent(event);
    const identity = isHttp ? identityOf(event.requestContext) : undefined;
    const line = () => ({ ...shownIdentity({ caller: undefined, identity }), ms: Math.round(performance.now() - began) });
    try {
      const { jwksUri, token } = checkDecodeRequest(isHttp ? readHttpEvent(event, ["/decode"], issuer).body : event);
      const claims = await decode(jwksUri, token, identity);
      log("INFO", awsRequestId, { outcome: "decoded", ...line() });
      return httpAnswer(claims);
    } catch (error) {
      logRefused(log, awsRequestId, error, line());
      return httpProblem(error);
    }
  };
}
