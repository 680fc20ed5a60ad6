/** The page of the served issuer's figures. */
import { spread } from "./measure.mjs";
import { range, table } from "./tables.mjs";

const LIMITS = { first: 0.65, later: 0.7, proof: 1.25, rules: 1.05 };

/** @param {number} number */
const whole = (number) => Math.round(number).toLocaleString("en");

/** Reads the figures: of a name on a version, round by round. */
function reader(figures, versions) {
  const all = (version, name) => figures.get(`${version} ${name}`) ?? [];
  const us = (version, name) => all(version, name).map((figure) => figure.us);
  const sum = (first, second) => first.map((value, at) => value + second[at]);
  return {
    all,
    us,
    of: (name) => (version) => us(version, name),
    median: (name) => (version) => spread(us(version, name)).median.toFixed(0),
    /** What an empty route and a bare signature take together. */
    bound: (empty) => (version) => sum(us(version, empty), us(version, "signature")),
    // Round by round, so that what disturbs the machine disturbs both.
    ratio: (over, under) => (version) => range(spread(over(version).map((value, at) => value / under(version)[at]))),
    row: (label, cell) => [label, ...versions.map(cell)],
    peers: [...figures.keys()].filter((key) => key.startsWith("peers ")).map((key) => key.slice("peers ".length)),
  };
}

function timesTable({ row, median }) {
  return [
    row("an empty route, the same request", median("empty")),
    row("a bare signature (node:crypto, ES256)", median("signature")),
    row("`POST /issue`, ES256", median("issue")),
    row("the same, three of ten refused: expired, forged, over the limit", median("mixed")),
    row("`POST /token`, client credentials", median("token")),
    row("the JWKS", median("jwks")),
    row("`/issue` of a bare server: no check, no caller, no log, no metric", median("bare")),
    row("the same, a turn's requests signed together", median("staged")),
  ];
}

function ratiosTable({ all, of, bound, ratio, row }) {
  const limits = `limit ${LIMITS.first} on Node 20, ${LIMITS.later} later`;
  return [
    row(`\`/issue\`, of what an empty route and a bare signature allow together (${limits})`, ratio(bound("empty"), of("issue"))),
    row("the bare server, of its own", ratio(bound("bareEmpty"), of("bare"))),
    row("the bare server that signs a turn's together, of its own", ratio(bound("bareEmpty"), of("staged"))),
    row("`/issue`, a turn's requests signed together, over one by one (limit 1.2)", ratio(of("oneByOne"), of("issue"))),
    row("`/issue`, answered a second", (version) => whole(spread(all(version, "issue").map((each) => each.perSecond)).median)),
  ];
}

function proofTimesTable({ row, median }) {
  return [
    row("an empty route, the same request with an ES256 proof", median("emptyES256")),
    row("a bare verification (node:crypto, ES256)", median("verifyES256")),
    row("a bare verification (node:crypto, RS256)", median("verifyRS256")),
    row("a bare signature (node:crypto, ES256)", median("sign")),
    row("`POST /token`, client credentials by an ES256 proof", median("proofES256")),
    row("`POST /token`, client credentials by an RS256 proof", median("proofRS256")),
    row("`POST /token`, an ES256 proof as the grant (jwt-bearer)", median("grantES256")),
    row("the same as the first, one of ten rules", median("ten")),
    row("one of 1,000 rules of one issuer", median("ofOne")),
    row("one of 1,000 rules of as many issuers", median("ofMany")),
    row("`POST /token`, an assertion of the caller's own (private_key_jwt), which is recorded on disk", median("ownKeys")),
  ];
}

function proofRatiosTable({ us, of, ratio, row }) {
  // What an empty route, a verification and a signature take together.
  const bound = (alg) => (version) =>
    us(version, `empty${alg}`).map((empty, at) => empty + us(version, `verify${alg}`)[at] + us(version, "sign")[at]);
  const ofBound = (name, alg) => ratio(of(name), bound(alg));
  return [
    row(`an ES256 proof, of its bound (limit ${LIMITS.proof})`, ofBound("proofES256", "ES256")),
    row(`an RS256 proof, of its bound (limit ${LIMITS.proof})`, ofBound("proofRS256", "RS256")),
    row(`an ES256 proof as the grant, of its bound (limit ${LIMITS.proof})`, ofBound("grantES256", "ES256")),
    row(`1,000 rules of one issuer, of ten (limit ${LIMITS.rules})`, ratio(of("ofOne"), of("ten"))),
    row(`1,000 rules of as many issuers, of ten (limit ${LIMITS.rules})`, ratio(of("ofMany"), of("ten"))),
    row("an assertion of the caller's own, of its bound (no limit: the disk decides)", ofBound("ownKeys", "ES256")),
  ];
}

/** What was measured of callers without secrets. */
function proofTables(read, head) {
  return `In microseconds, as above. The proof is as long as the token of a job in GitHub Actions, and its rule has its issuer's keys. Its bound is what an
empty route, a bare verification of its algorithm and a bare ES256 signature take together.

${table(["", ...head], proofTimesTable(read))}

${table(["", ...head], proofRatiosTable(read))}
`;
}

/** The figures of callers without secrets alone. */
export function proofsPage(figures, nodes) {
  const versions = nodes.map(({ version }) => version);
  const head = versions.map((version) => `Node ${version}`);
  return proofTables(reader(figures, versions), head);
}

function peersTable({ peers, us, of, ratio, row }) {
  return peers.map((name) => {
    const route = name === "oidc-provider" ? "token" : "issue";
    const [label, ...cells] = row(
      `${name}, \`/${route}\``,
      ratio(() => us("peers", name), of(route)),
    );
    return [label, spread(us("peers", name)).median.toFixed(0), ...cells];
  });
}

const found = (list, show) => (version) => show(list.find((one) => one.version === version));

function workersTable({ row }, together) {
  const each = (label, of) =>
    row(
      label,
      found(together, (one) => range(of(one))),
    );
  return [
    each("time a request with two workers, of that with two servers of one worker each (limit 1.1)", ({ ratio }) => ratio),
    each("the same, of one worker that has as much to do as each, the other core half idle", ({ dearer }) => dearer),
    each("a bare signature on each of both cores at once, of one alone", ({ signature }) => signature),
    each("answered a second by two, of one; the load generator takes part of both cores", ({ faster }) => faster),
  ];
}

/** The figures of two workers alone. */
export function workersPage(together) {
  const versions = together.map(({ version }) => version);
  const head = versions.map((version) => `Node ${version}`);
  return `${table(["", ...head], workersTable(reader(new Map(), versions), together))}\n`;
}

function restTable(read, { each, together, requests }) {
  const { row } = read;
  const after = `after the comparison, and after each half of ${whole(requests)} more requests`;
  return [
    ...workersTable(read, together),
    row(
      "latency at half of the most that one answers, p50 and p99, in ms",
      found(each, ({ p50, p99 }) => `${p50}, ${p99}`),
    ),
    row(
      `memory ${after}, in MB (limit 120)`,
      found(each, ({ memory }) => memory.map((part) => part.toFixed(0)).join(", ")),
    ),
    row(
      "ready to serve after the start, in ms (limit 400)",
      found(each, ({ ready }) => ready.median.toFixed(0)),
    ),
  ];
}

/** What a request is made of: each part by itself, on each Node. */
function partsTable(parts) {
  const shown = ({ loop, turn, alone }) => [loop, turn, alone].map((us) => us.toFixed(us < 9.5 ? 1 : 0)).join(", ");
  return parts[0].map(({ name }, at) => [name, ...parts.map((ofNode) => shown(ofNode[at]))]);
}

export function httpPage({ cpu, cores, load, startedAt, figures, each, together, parts, rounds, requests }) {
  const versions = each.map(({ version }) => version);
  const read = reader(figures, versions);
  const head = versions.map((version) => `Node ${version}`);
  const about = [
    ["Machine", `${cpu}, ${cores} cores; load ${load.toFixed(1)} at the start`],
    ["Date", startedAt.toISOString().slice(0, 10)],
  ];
  return `# Benchmarks of the server

Made by \`npm run bench:http\`: \`signet serve\` over loopback, its log (to a file) and its metrics on, 20 connections that stay open, autocannon on
the other core. ${rounds} rounds, each of which measures everything once, in another order; medians, with quartiles. Ratios are of one round.

${table(["", ""], about)}

## Processor time of a request

In microseconds, of all threads of the server: neither the load generator nor other programs count.

${table(["", ...head], timesTable(read))}

${table(["", ...head], ratiosTable(read))}

## Callers without secrets

${proofTables(read, head)}
## What a request is made of

The parts of a request without HTTP, each by itself (\`node bench/parts.mjs\`), in microseconds: in a loop that does nothing else; each of twenty in a row
after the processor's caches were filled with something else, as a turn of the event loop finds them; a single one after that. Between the
first figure and the last lies no more work, but what the caches decide. In a server HTTP, signatures, log and metrics of a turn take their place,
so that a served request costs more than its parts in a loop, and how much more hangs on what else the machine does.

${table(["", ...head], partsTable(parts))}

## Peers

The same work in the same run, on the same core: a caller's secret, the request, an ES256 token, a line of log, a metric (oidc-provider writes no log and
keeps no metric). First the peer's processor time of a request in microseconds, then how many times as fast Signet is; limits 1.1 for Go, 3.5 for oidc-provider.

${table(["", "µs", ...versions.map((version) => `Signet on Node ${version}`)], peersTable(read))}

## Two workers, latency, memory, start

${table(["", ...head], restTable(read, { each, together, requests }))}
`;
}
