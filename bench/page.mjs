/** Makes docs/benchmarks.md of what was measured. */
import { startUpRatio } from "./budgets.mjs";
import { speedRatio, spread } from "./measure.mjs";

const TITLES = { ES256: "ES256", EdDSA: "Ed25519 (EdDSA)", RS256: "RS256, 2,048 bits", PS256: "PS256, 2,048 bits" };

/**
 * @param {object} report what run.mjs gathered
 * @returns {string}
 */
export function page(report) {
  return [intro(report), ...["issue", "verify"].map((task) => section(task, report)), command(report), verdict(report)].join(
    "\n\n",
  );
}

function intro({ machine, startedAt, rounds, sliceMs, goVersion, openssl, isPinned, versions }) {
  const others = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  if (goVersion !== undefined) others.push(`golang-jwt 5 on ${goVersion}`);
  return `# Benchmarks

Made by \`npm run bench\`; \`npm run bench -- --check\` fails where a budget is missed, \`npm run bench -- --smoke\` only looks
whether everything works.

| | |
|---|---|
| Machine | ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}; load ${machine.load} at the start |
| Node | ${process.versions.node}, with OpenSSL ${process.versions.openssl}${openssl === undefined ? "" : `; \`openssl speed\` is of ${openssl.version}`} |
| Against | ${others.join(", ")} |
| Date | ${startedAt.toISOString().slice(0, 10)} |

Each of ${rounds} rounds gives every contestant a slice of ${sliceMs} ms, in a new random order${isPinned ? ", all of them on one core" : ""}. A time is processor time, so
that other programs on the machine do not count. Figures of one round are divided by each other, and the tables show the
medians of these ratios, with their quartiles. All issue the same token: header \`alg kid typ\`, six claims, \`iat\` and \`exp\`; all
verify tokens like it: signature, \`exp\`, \`iss\` and \`aud\`, by keys that are at hand.

- *bare* is a loop around \`crypto.sign\` or \`crypto.verify\` over bytes that are ready: what is left when nothing is made or checked.
  It gives node:crypto the KeyObject alone where the algorithm allows (ECDSA in DER); *bare, with options* gives it an object of key and
  options. On Node 24 the object alone costs more than an ES256 signature; Signet never gives it one where it can do without.
- *by hand* makes the token with \`JSON.stringify\` and checks nothing.
- *signet batch* is \`issueMany\` with 100 requests.
- fast-jwt verifies without its cache of tokens, as do all others.`;
}

function section(task, { results, openssl }) {
  const title = task === "issue" ? "## Issuing" : "## Verifying";
  const tables = results.filter((result) => result.task === task).map((result) => table(result, openssl));
  return [title, ...tables].join("\n\n");
}

function table({ task, alg, times }, openssl) {
  const all = new Map(Object.entries(times));
  const rows = [...all].map(([name, values]) => {
    const ofBare = speedRatio(all, name, "bare");
    const ratio = name === "bare" ? "1" : `${ofBare.median.toFixed(2)} (${ofBare.low.toFixed(2)} to ${ofBare.high.toFixed(2)})`;
    const ahead = name === "signet" ? "" : speedRatio(all, "signet", name).median.toFixed(2);
    return `| ${name} | ${rate(1e6 / spread(values).median)} | ${ratio} | ${ahead} |`;
  });
  const ceiling = openssl?.perSecond[alg]?.[task === "issue" ? "sign" : "verify"];
  if (ceiling !== undefined) rows.push(`| openssl speed | ${rate(ceiling)} | | |`);
  const head = `| ${TITLES[alg]} | a second | of bare | Signet is so many times as fast |\n|---|---:|---:|---:|`;
  return `${head}\n${rows.join("\n")}`;
}

function rate(perSecond) {
  return Math.round(perSecond).toLocaleString("en");
}

function command({ startUp, memory }) {
  const ratio = startUpRatio(startUp);
  const [node, signet] = ["node", "signet"].map((name) => spread(startUp.get(name)).median.toFixed(0));
  const lines = [
    `\`signet issue sub=alice\` takes ${signet} ms from the shell, \`node -e 0\` ${node} ms: ${ratio.median.toFixed(2)} times as long`,
    `(${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}, ${startUp.get("node").length} runs of each in turn).`,
  ];
  if (memory !== undefined) {
    const { tokens, seconds, peakMb } = memory;
    lines.push(
      "",
      `Issuing ${tokens.toLocaleString("en")} ES256 tokens from JSON lines to a file took ${seconds.toFixed(0)} s and ${peakMb.toFixed(0)} MB at the most.`,
    );
  }
  return `## The command\n\n${lines.join("\n")}`;
}

function verdict({ judged }) {
  const rows = judged.map(({ what, figure, limit, verdict: said }) => `| ${what} | ${figure.toFixed(2)} | ${limit} | ${said} |`);
  return `## Budgets

A ratio that misses its limit by no more than 5 % is within the noise. No library that calls \`node:crypto\` is faster than the
bare loop: where even that does not reach what is asked against golang-jwt, the limit is out of reach.

| what | is | limit | |
|---|---:|---:|---|
${rows.join("\n")}
`;
}
