/**
 * Sends one request again and again over some connections, and prints what came of it as JSON. A process of its own, so that it
 * can have a core of its own.
 *
 *   node bench/load.mjs '{"url": ..., "duration": 3, ...}'   options as autocannon's; with `assertions` each request has a new one
 */
import { createPrivateKey } from "node:crypto";
import autocannon from "autocannon";
import { assertionBodies } from "./assertions.mjs";

const { assertions, ...options } = JSON.parse(process.argv[2] ?? "{}");
if (assertions !== undefined) {
  const next = assertionBodies(createPrivateKey({ key: assertions.jwk, format: "jwk" }), assertions.caller);
  options.requests = [{ setupRequest: (request) => ({ ...request, body: next() }) }];
}
const result = await autocannon(options);
const { requests, latency, non2xx, errors, duration } = result;
process.stdout.write(
  JSON.stringify({ total: requests.total, seconds: duration, p50: latency.p50, p99: latency.p99, non2xx, errors }),
);
