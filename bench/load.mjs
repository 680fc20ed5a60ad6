/**
 * Sends one request again and again over some connections, and prints what came of it as JSON. A process of its own, so that it
 * can have a core of its own.
 *
 *   node bench/load.mjs '{"url": ..., "duration": 3, ...}'   options as autocannon's
 */
import autocannon from "autocannon";

const result = await autocannon(JSON.parse(process.argv[2] ?? "{}"));
const { requests, latency, non2xx, errors, duration } = result;
process.stdout.write(
  JSON.stringify({ total: requests.total, seconds: duration, p50: latency.p50, p99: latency.p99, non2xx, errors }),
);
