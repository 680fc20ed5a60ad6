/** The page of the function's figures. */
import { NOISE } from "./budgets.mjs";
import { spread } from "./measure.mjs";
import { range, table } from "./tables.mjs";

const SMALLEST = {
  empty: "a function that does nothing",
  embedded: "the smallest that signs, its key embedded",
  fetching: "the smallest that fetches its key and signs",
  "asking-bare": "asks KMS by a request that is signed once a minute, over a socket alone",
  asking: "the same by node:https",
  signing: "the smallest that has KMS sign, and checks nothing",
};
const IN_GO = {
  "go-empty": "Go (aws-lambda-go): does nothing",
  "go-memory": "Go: signs by golang-jwt with a key that it makes",
  "go-reads": "Go: reads its key before its first event, and signs",
  "go-kms": "Go: has KMS sign, and checks nothing",
};
const BEFORE = { "kms-before": "an older Signet (test/formats/v2), `kms`" };
const MEMORY = "parameter-store";
/** What is compared by differences of a few hundred microseconds: among fifteen processes they are those of the processor's caches. */
export const CLOSELY = ["empty", "embedded", MEMORY];

/** @param {number} number */
const whole = (number) => Math.round(number).toLocaleString("en");
/** @param {readonly number[]} numbers */
const median = (numbers) => spread(numbers).median;
const titleOf = (name) => SMALLEST[name] ?? IN_GO[name] ?? BEFORE[name] ?? `Signet, \`${name}\``;

/** What a million of so many milliseconds cost. */
function startsUsd(ms, { prices, memoryMb }) {
  return 1_000 * ms * (memoryMb / 1_024) * prices.lambdaGbSecondArm;
}

/** What a million tokens cost beside the custodian's part: requests, and memory for as long as an invocation takes. */
function millionUsd(ms, about) {
  return about.prices.lambdaRequests + startsUsd(ms, about);
}

function startsOf({ starts, warm }, about) {
  const rows = Object.entries(starts).map(([name, runs]) => {
    const of = (member) => median(runs.map((each) => each[member]));
    return [
      titleOf(name),
      of("initMs").toFixed(0),
      of("firstMs").toFixed(0),
      of("nextMs").toFixed(0),
      whole(of("initUs") / 1_000),
      whole(of("firstUs")),
      whole(of("nextUs")),
      whole(median(warm[name])),
      of("peakMb").toFixed(0),
      `$${millionUsd(of("nextMs"), about).toFixed(2)}`,
    ];
  });
  const head = [
    "",
    "INIT, ms",
    "first, ms",
    "2 to 31, ms",
    "INIT: processor, ms",
    "first, us",
    "2 to 31, us",
    "warm, us",
    "peak, MB",
  ];
  return table([...head, "a million"], rows);
}

/** Each with the one that it has something more than, and what that is. */
const YOUNG = [
  ["empty", undefined, "Node and AWS's client"],
  ["asking-bare", "empty", "a request over TLS, on a connection that stands"],
  ["asking", "asking-bare", "node:https"],
  ["signing", "asking", "SigV4, JSON, the token, a line of log"],
  [MEMORY, "empty", "claims and limits checked, a signature, a line of log"],
  ["kms", MEMORY, "a request over TLS, SigV4, KMS's answer verified, time limits, turns, another try where one is due"],
  ["kms-before", undefined, ""],
  ["go-kms", undefined, ""],
];

/** What an invocation is made of in an environment that is young. */
function youngTable({ unthrottled }) {
  const us = (name) => median(unthrottled[name].map(({ nextUs }) => nextUs));
  const rows = YOUNG.filter(([name]) => unthrottled[name] !== undefined).map(([name, less, what]) => [
    titleOf(name),
    whole(us(name)),
    less === undefined ? "" : `${whole(us(name) - us(less))} over ${titleOf(less)}`,
    what,
  ]);
  return table(["", "us", "more", "for"], rows);
}

/** A token that KMS signs, in an environment that is young, with the least memory and with what the template gives it. */
function memoryTable(results, about) {
  const { memoryMb, memoryWithKmsMb, prices } = about;
  const row = (version, mb, runs) => {
    const of = (member) => median(runs.map((each) => each[member]));
    const usd = millionUsd(of("nextMs"), { prices, memoryMb: mb }).toFixed(2);
    return [`Node ${version}`, `${mb} MB`, of("firstMs").toFixed(0), of("nextMs").toFixed(0), `$${usd}`];
  };
  return table(
    ["", "memory", "first, ms", "2 to 31, ms", "a million"],
    results.flatMap(({ version, starts, roomy }) => [row(version, memoryMb, starts.kms), row(version, memoryWithKmsMb, roomy)]),
  );
}

function afterwards({ starts, thaws, batch }) {
  const callsOf = (calls) => (calls.length === 0 ? "no call" : calls.join(", "));
  const first = (name) => callsOf(starts[name].at(-1).calls);
  return `The first invocation calls: \`${MEMORY}\` ${first(MEMORY)}, \`kms\` ${first("kms")}. Thawed after fifty minutes: \`${MEMORY}\` ${callsOf(thaws[MEMORY].calls)}
(${thaws[MEMORY].ms.toFixed(0)} ms), \`kms\` ${callsOf(thaws.kms.calls)} (${thaws.kms.ms.toFixed(0)} ms). A batch of ${whole(batch.tokens)} with \`kms\`: ${whole(batch.signs)} calls of Sign over
${batch.connections} connections at the most, ${(batch.ms / 1_000).toFixed(1)} s, ${batch.peakMb.toFixed(0)} MB.`;
}

/** @typedef {{ what: string, limit: string, figure: string, isKept: boolean, word: string }} Judged */

const ratio = (ours, theirs) => spread(ours.map((each, round) => each / theirs[round]));
const more = (times, name, empty) => times[name].map((us, round) => us - times[empty][round]);

/** @returns {Judged} what a signing invocation has more than an empty one, once warm */
function judgedWarm({ close }) {
  const what = "warm over empty, of the smallest that signs, these three by themselves";
  return atMost(what, ratio(more(close, MEMORY, "empty"), more(close, "embedded", "empty")), 1.2);
}

/** That alone, of each Node. */
export function warmPage(results) {
  return `${table(
    ["", ...CLOSELY.map(titleOf), "the last over empty, of the second (limit 1.2)"],
    results.map((each) => [
      `Node ${each.version}`,
      ...CLOSELY.map((name) => whole(median(each.close[name]))),
      judgedWarm(each).figure,
    ]),
  )}\n`;
}

/** @returns {Judged[]} what has to be reached on one Node */
function judged({ version, client, starts, unthrottled, warm, close, batch }) {
  const all = (name, member) => starts[name].map((each) => each[member]);
  const found = [
    judgedWarm({ close }),
    atMost(
      "`kms`, invocations 2 to 31 with a whole processor: its time, us",
      spread(unthrottled.kms.map(({ nextUs }) => nextUs)),
      1_000,
      spread(unthrottled["asking-bare"].map(({ nextUs }) => nextUs)),
    ),
    atMost("a batch of 1,000 with `kms`: connections", exactly(batch.connections), 32),
    atMost("the same: calls of Sign for a token", exactly(batch.signs / batch.tokens), 1),
    atMost("the same: MB at the most", exactly(batch.peakMb), 128),
  ];
  if (client === 4) {
    const whole = (name) => starts[name].map(({ initUs, firstUs }) => initUs + firstUs);
    const calls = (name) => Math.max(...starts[name].map((each) => each.calls.length));
    found.push(
      atMost("first invocation: calls, in memory", exactly(calls(MEMORY)), 0),
      atMost("first invocation: calls, `kms`", exactly(calls("kms")), 1),
      atMost(
        "first invocation in memory, of the smallest with its key embedded",
        ratio(all(MEMORY, "firstMs"), all("embedded", "firstMs")),
        1.5,
      ),
      atMost("INIT and first, processor time, of the smallest that fetches", ratio(whole(MEMORY), whole("fetching")), 1.2),
    );
  }
  if (warm["go-kms"] !== undefined && !version.startsWith("22.")) {
    const limit = version.startsWith("20.") ? 1.5 : 1.8;
    found.push(
      atMost(
        "`kms` over empty, of the Go function that checks nothing",
        ratio(more(warm, "kms", "empty"), more(warm, "go-kms", "go-empty")),
        limit,
      ),
    );
  }
  return found;
}

function exactly(value) {
  return { median: value, low: value, high: value };
}

/** @param {import("./measure.mjs").Spread} [least] what the smallest function takes that has KMS sign */
function atMost(what, figure, limit, least) {
  const isExact = figure.low === figure.high;
  const text = isExact ? String(Math.round(figure.median * 100) / 100) : range(figure);
  return {
    what,
    limit: `<= ${limit.toLocaleString("en")}`,
    figure: text,
    isKept: figure.median <= limit * (isExact ? 1 : 1 + NOISE),
    word: least !== undefined && least.median > limit ? "out of reach" : "missed",
  };
}

function budgets(results) {
  const found = results.map(judged);
  const whats = [...new Map(found.flat().map(({ what, limit }) => [what, limit]))];
  const rows = whats.map(([what]) => [
    what,
    [
      ...new Set(
        found
          .flat()
          .filter((each) => each.what === what)
          .map(({ limit }) => limit),
      ),
    ].join(", "),
    ...found.map((all) => {
      const one = all.find((each) => each.what === what);
      return one === undefined ? "" : `${one.figure}${one.isKept ? "" : ` ${one.word}`}`;
    }),
  ]);
  return table(["what", "limit", ...results.map(({ version }) => `Node ${version}`)], rows);
}

export function lambdaPage(report) {
  const { cpu, cores, load, startedAt, results, bytes, rounds, next, memoryMb, latencyMs, share, prices, isNative } = report;
  const sections = results.map(
    (result) =>
      `## Node ${result.version}, client ${result.client}\n\n${startsOf(result, report)}\n\n${afterwards(result)}\n\nInvocations 2 to 31 with a whole processor, its time:\n\n${youngTable(result)}`,
  );
  const processor =
    share === undefined ? "a whole processor: this machine lets no cgroup be made" : `what ${memoryMb} MB come with, by a cgroup`;
  const native = isNative ? "their native part compiled here" : "JavaScript stands for their native part, and takes more";
  return `# Benchmarks of the Lambda function

Made by \`npm run bench:lambda\`: the text that the template has, under AWS's own runtime clients from npm (3 up to Node 22, 4 from Node 24;
${native}) on a Runtime API on loopback; AWS is the strict fake, over TLS, and answers after ${latencyMs} ms. ${rounds} rounds start every function once, in
another order each; medians. INIT has a whole processor, as in Lambda; the first invocation and the ${next} after it have ${processor}.
Warm figures, with a whole processor again, are processor time alone. The fake signs slower than KMS does.

| | |
|---|---|
| Machine | ${cpu}, ${cores} cores; load ${load.toFixed(1)} at the start |
| Date | ${startedAt.toISOString().slice(0, 10)} |
| The function, minified | ${whole(bytes)} bytes |

What a figure means for a bill (arm64, prices of ${prices.readOn}): *INIT* and *first* are what a caller waits for after a start, and Lambda bills
both: 100 ms of ${memoryMb} MB are $${startsUsd(100, report).toFixed(2)} for a million starts. *2 to 31* is what a token takes in an environment that is young, as most
are where few tokens are asked for; *a million* is what a million of these cost, requests included, beside what the custodian costs.
*Peak* may not reach the function's memory. What is *warm* is all that counts under load.

${sections.join("\n\n")}

## Memory

A token that KMS signs, with the processor that comes with the least memory, and with what the template gives where KMS signs (\`MemorySize\` 0):

${memoryTable(results, report)}

## Budgets

*Out of reach* is a limit that a function misses which sends KMS the same bytes each time over a socket, and checks nothing.

${budgets(results)}
`;
}
