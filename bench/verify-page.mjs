/** The page of the figures of verifying by issuers' URLs. */
import { NOISE, OF_BARE } from "./budgets.mjs";
import { ALGORITHMS } from "./fixture.mjs";
import { speedRatio, spread } from "./measure.mjs";
import { range, table } from "./tables.mjs";

const MAX_COLD = 1.3;

const figure = (value, digits = 2) => value.toFixed(digits);
const mapOf = (times) => new Map(Object.entries(times));

/** A row for each name, a column for each Node. */
function byNode(title, nodes, names, cell) {
  return table(
    [title, ...nodes.map(({ node }) => `Node ${node}`)],
    names.map((name) => [name, ...nodes.map((found) => cell(found, name))]),
  );
}

function warmTable(alg, nodes) {
  return byNode(alg, nodes, Object.keys(nodes[0].warm[alg]), ({ warm }, name) => {
    const times = mapOf(warm[alg]);
    const rate = Math.round(1e6 / spread(times.get(name)).median).toLocaleString("en");
    return name.startsWith("signet") ? rate : `${rate}; ${range(speedRatio(times, "signet, verifySync", name))}`;
  });
}

function timeTable(title, nodes, part, floor) {
  return byNode(title, nodes, Object.keys(nodes[0][part]), ({ [part]: times }, name) => {
    const ratio = spread(times[name].map((value, round) => value / times[floor][round]));
    return `${figure(spread(times[name]).median)}; ${range(ratio)}`;
  });
}

function budgets(nodes) {
  const judged = (value, isKept) => `${figure(value)}${isKept ? "" : " missed"}`;
  const rows = Object.keys(ALGORITHMS)
    .filter((alg) => alg in OF_BARE.verify)
    .map((alg) => [
      `warm ${alg}, of bare`,
      `>= ${OF_BARE.verify[alg]}`,
      ...nodes.map(({ warm }) => {
        const { median } = speedRatio(mapOf(warm[alg]), "signet, verifySync", "bare");
        return judged(median, median >= OF_BARE.verify[alg] * (1 - NOISE));
      }),
    ]);
  const cold = nodes.map((found) => {
    const times = found.cold["empty and a fetch"];
    const { median } = spread(found.cold.authorizer.map((value, round) => value / times[round]));
    return judged(median, median <= MAX_COLD * (1 + NOISE));
  });
  rows.push(["cold authorizer, of an empty handler and a fetch", `<= ${MAX_COLD}`, ...cold]);
  return table(["what", "limit", ...nodes.map(({ node }) => `Node ${node}`)], rows);
}

export function verifyPage({ about, effort, nodes, versions }) {
  return `# Benchmarks: verifying by an issuer's URL

Made by \`npm run bench:verify\`; \`-- --smoke\` only looks whether everything works.

| | |
|---|---|
| Machine | ${about.cpu}, ${about.cores} cores; load ${figure(about.load, 1)} at the start |
| Node | ${nodes.map(({ node }) => node).join(", ")} |
| Against | ${versions.join(", ")} |
| Date | ${about.startedAt.toISOString().slice(0, 10)} |

## With warm keys

Each of ${effort.rounds} rounds gives every contestant a slice of ${effort.sliceMs} ms of processor time, in a new random order; ratios are of one round, and the
tables show medians with their quartiles: how many tokens a second, and how many times as fast Signet's verifySync is. *bare* is a loop of
\`crypto.verify\` over bytes that are ready, in the fastest form that it has. All check signature, \`exp\`, \`iss\` and \`aud\`. aws-jwt-verify is given a
fetcher, since it fetches over https alone; fast-jwt and jsonwebtoken get their keys by jwks-rsa.

${Object.keys(nodes[0].warm)
  .map((alg) => warmTable(alg, nodes))
  .join("\n\n")}

## From nothing

Milliseconds from making the verifier to the first token, with the keys on this machine, and of *bare*, which fetches, reads the key and verifies, and
checks nothing.

${timeTable("ES256", nodes, "first", "bare")}

## A thousand issuers

Megabytes that ${effort.issuers} issuers take (ES256), each with its key and after a token of it.

${byNode("MB", nodes, Object.keys(nodes[0].memory), ({ memory }, name) => figure(memory[name], 1))}

## As a Lambda authorizer

Milliseconds from the start of an environment to its first answer, on a Runtime API on loopback, ${effort.colds} of each in turn, and of an empty handler that
fetches.

${timeTable("cold start", nodes, "cold", "empty and a fetch")}

## Budgets

${budgets(nodes)}
`;
}
