/** Makes docs/benchmarks.md of what was measured. */
import { startUpRatio } from "./budgets.mjs";
import { speedRatio, spread } from "./measure.mjs";
import { range, table } from "./tables.mjs";

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

function intro({ machine, startedAt, rounds, sliceMs, nodes, isPinned, versions }) {
  const [{ openssl, versions: programs }] = nodes;
  const others = Object.entries({ ...versions, ...programs }).map(([name, version]) => `${name} ${version}`);
  const runtimes = nodes.map(({ node, linked }) => `${node} (OpenSSL ${linked})`).join(", ");
  return `# Benchmarks

Made by \`npm run bench\`; \`npm run bench -- --check\` fails where a budget is missed, \`npm run bench -- --smoke\` only looks
whether everything works.

| | |
|---|---|
| Machine | ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}; load ${machine.load} at the start |
| Node | ${runtimes}${openssl === undefined ? "" : `; \`openssl speed\` is of ${openssl.version}`} |
| Against | ${others.join(", ")} |
| Date | ${startedAt.toISOString().slice(0, 10)} |

Every contestant has a process of its own, as it has where it is used${isPinned ? ", and all of them share one core" : ""}. Each of ${rounds} rounds gives every one a slice of ${sliceMs} ms, in a new random order. A time is processor time, so
that other programs on the machine do not count. Figures of one round are divided by each other, and the tables show the
medians of these ratios, with their quartiles. All issue the same token: header \`alg kid typ\`, six claims, \`iat\` and \`exp\`; all
verify tokens like it: signature, \`exp\`, \`iss\` and \`aud\`, by keys that are at hand. Each cell says how many a contestant does in a second, and behind it
how many times as fast Signet is.

- *bare* is a loop around \`crypto.sign\` or \`crypto.verify\` over bytes that are ready: what is left when nothing is made or checked.
  It gives node:crypto the KeyObject alone where the algorithm allows (ECDSA in DER); *bare, with options* gives it an object of key and
  options. On Node 24 the object alone costs more than an ES256 signature; Signet never gives it one where it can do without.
- *by hand* is the least that a token takes: \`JSON.stringify\` or \`JSON.parse\`, base64url and the fastest form of the signature, where
  Signet and its peers check limits, types, sizes, duplicate names and encodings.
- *signet batch* is \`issueMany\` with 100 requests.
- fast-jwt verifies without its cache of tokens, as do all others.`;
}

function section(task, { nodes }) {
  const title = task === "issue" ? "## Issuing" : "## Verifying";
  const algs = nodes[0].results.filter((result) => result.task === task).map(({ alg }) => alg);
  return [title, ...algs.map((alg) => figures(task, alg, nodes))].join("\n\n");
}

function figures(task, alg, nodes) {
  const found = nodes.map(({ results }) => results.find((result) => result.task === task && result.alg === alg));
  const times = found.map((result) => new Map(Object.entries(result.times)));
  const rows = [...times[0].keys()].map((name) => [name, ...times.map((all) => cell(all, name))]);
  const openssl = nodes[0].openssl?.perSecond[alg]?.[task === "issue" ? "sign" : "verify"];
  if (openssl !== undefined) rows.push(["openssl speed", rate(openssl), ...nodes.slice(1).map(() => "")]);
  return table([TITLES[alg], ...nodes.map(({ node }) => `Node ${node}`)], rows);
}

function cell(all, name) {
  const perSecond = rate(1e6 / spread(all.get(name) ?? []).median);
  if (name === "signet") return perSecond;
  return `${perSecond}; ${range(speedRatio(all, "signet", name))}`;
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

function verdict({ nodes, judged }) {
  const whats = [...new Map(judged.map(({ what, limit }) => [what, limit]))];
  const rows = whats.map(([what, limit]) => [
    what,
    limit,
    ...nodes.map(({ node }) => {
      const found = judged.find((each) => each.node === node && each.what === what);
      if (found === undefined) return "";
      return `${found.figure.toFixed(2)}${found.verdict === "kept" ? "" : ` ${found.verdict}`}`;
    }),
  ]);
  return `## Budgets

A ratio that misses its limit by no more than 5 % is within the noise. Where the bare loop itself, or a token made by hand with
nothing checked, does not reach a limit on this machine, that is out of reach here: what Signet takes is then told by its row *by hand*.

${table(["what", "limit", ...nodes.map(({ node }) => `Node ${node}`)], rows)}
`;
}
