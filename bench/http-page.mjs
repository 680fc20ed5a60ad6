/** The page of the served issuer's figures. */
import { spread } from "./measure.mjs";

/** @param {number} number */
const whole = (number) => Math.round(number).toLocaleString("en");

export function httpPage({ cpu, cores, load, startedAt, rounds, latency, memory, workers, ready, requests }) {
  const over = (pick) => spread(rounds.map(pick));
  const perCore = (name) => over((round) => 1_000_000 / round[name].cpu);
  const ratio = over(({ empty, bare, issue }) => (empty.cpu + bare) / issue.cpu);
  const bareRatio = over(({ bareEmpty, bare, bareIssue }) => (bareEmpty.cpu + bare) / bareIssue.cpu);
  const scaling = spread(workers.map(({ one, two }) => two / one));
  const rows = [
    ["an empty route, the same request", perCore("empty"), over(({ empty }) => empty.perSecond)],
    ["`POST /issue`, ES256", perCore("issue"), over(({ issue }) => issue.perSecond)],
    [
      "the same by a bare node:http server without checks, callers, log and metrics",
      perCore("bareIssue"),
      over(({ bareIssue }) => bareIssue.perSecond),
    ],
    ["an empty route of that server", perCore("bareEmpty"), over(({ bareEmpty }) => bareEmpty.perSecond)],
    ["the JWKS", perCore("jwks"), over(({ jwks }) => jwks.perSecond)],
    ["the JWKS with `If-None-Match` (304)", perCore("unchanged"), over(({ unchanged }) => unchanged.perSecond)],
  ];
  return `# Benchmarks of the server

Made by \`npm run bench:http\`: \`signet serve\` over loopback, its log and metrics on, 20 connections that stay open, autocannon on the
other core. ${rounds.length} rounds, each of which measures everything once; medians, with quartiles.

| | |
|---|---|
| Machine | ${cpu}, ${cores} cores; load ${load.toFixed(1)} at the start |
| Node | ${process.versions.node} |
| Date | ${startedAt.toISOString().slice(0, 10)} |

A second's worth of one core is counted in the server's own processor time, so that neither the load generator nor other programs
count. Behind it stands what was answered in a second, as far as the load generator leaves room.

| | a second of one core | answered a second |
|---|---:|---:|
${rows.map(([name, core, seen]) => `| ${name} | ${whole(core.median)} | ${whole(seen.median)} |`).join("\n")}
| a bare signature (node:crypto) | ${whole(over(({ bare }) => 1_000_000 / bare).median)} | |

| what | figure | limit |
|---|---:|---:|
| \`/issue\`, of what an empty route and a bare signature allow together | ${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}) | 0.8 |
| the bare server, of what its own empty route and a bare signature allow together | ${bareRatio.median.toFixed(2)} (${bareRatio.low.toFixed(2)} to ${bareRatio.high.toFixed(2)}) | |
| two workers, of one; the load generator takes part of a core | ${scaling.median.toFixed(2)} (${scaling.low.toFixed(2)} to ${scaling.high.toFixed(2)}) | 1.7 |
| p99 of p50, at half of the saturation rate | ${latency.p99} ms of ${latency.p50} ms | 5 times |
| memory at the start, and after each quarter of ${whole(requests)} requests | ${memory.map((each) => each.toFixed(0)).join(", ")} MB | 120 MB |
| ready to serve after the start | ${ready.median.toFixed(0)} ms | 400 ms |
`;
}
