/** The page of the function's figures. */
import { spread } from "./measure.mjs";

/** @param {number} number */
const whole = (number) => Math.round(number).toLocaleString("en");
/** @param {readonly number[]} numbers */
const median = (numbers) => spread(numbers).median;

const GO = "go-";
const PEERS = {
  memory: { custody: "parameter-store", does: "in memory (golang-jwt)" },
  kms: { custody: "kms", does: "`kms` (aws-sdk-go-v2), nothing checked" },
};

/** The same function in Go: what a warm invocation takes more than the empty function in the same language. */
function besideGo({ warm }) {
  if (warm[`${GO}empty`] === undefined) return "";
  const more = (name, empty) => spread(warm[name].map((us, round) => us - warm[empty][round])).median;
  const rows = Object.entries(PEERS).map(([role, { custody, does }]) => {
    const [ours, theirs] = [more(custody, "empty"), more(`${GO}${role}`, `${GO}empty`)];
    const warmed = [warm[custody], warm[`${GO}${role}`]].map((each) => whole(median(each)));
    return `| ${does} | ${warmed.join(" | ")} | ${whole(ours)} | ${whole(theirs)} |`;
  });
  const empties = [warm.empty, warm[`${GO}empty`]].map((each) => whole(median(each)));
  return `
| Beside Go (aws-lambda-go), warm | Signet, us | Go, us | more than empty: Signet, us | Go, us |
|---|---:|---:|---:|---:|
| a function that does nothing | ${empties.join(" | ")} | | |
${rows.join("\n")}
`;
}

function rowsOf({ cold, warm }) {
  const custodies = Object.keys(cold).filter((name) => name !== "empty" && !name.startsWith(GO));
  const empty = median(cold.empty);
  const emptyWarm = median(warm.empty);
  return [
    `| a function that does nothing | ${empty.toFixed(1)} | | ${whole(emptyWarm)} | |`,
    ...custodies.map((name) => {
      const ratio = spread(cold[name].map((ms, round) => ms / cold.empty[round]));
      const more = spread(warm[name].map((us, round) => us - warm.empty[round]));
      const cells = [
        `\`${name}\``,
        median(cold[name]).toFixed(1),
        `${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)})`,
        whole(median(warm[name])),
        `${whole(more.median)} (${whole(more.low)} to ${whole(more.high)})`,
      ];
      return `| ${cells.join(" | ")} |`;
    }),
  ];
}

function memoryOf({ version, memory }) {
  const { empty, "parameter-store": ours } = memory;
  return `| ${version} | ${whole(empty.last)} MB | ${whole(ours.first)} MB | ${whole(ours.last)} MB | ${(ours.last / empty.last).toFixed(2)} |`;
}

export function lambdaPage({ cpu, cores, load, startedAt, results, bundle, rounds, long }) {
  const tables = results.map(
    (result) => `## Node ${result.version}

| | first answer, ms | of an empty function (limit 1.25) | warm, us | more than an empty function, us (limit 35 in memory) |
|---|---:|---:|---:|---:|
${rowsOf(result).join("\n")}
${besideGo(result)}`,
  );
  return `# Benchmarks of the Lambda function

Made by \`npm run bench:lambda\`: the file that ships, on a Runtime API on loopback, its keys in the strict fake of AWS, which runs in the
process that measures. ${rounds} rounds, each of which starts every function once; medians, with quartiles. A start is measured
from the process's to its first answer: Node's own is most of it. With \`kms\` a token takes one call of the fake, which signs slower
than KMS does. The Go functions take the same event, sign with a key of the same kind, and write a line to the log as well.

| | |
|---|---|
| Machine | ${cpu}, ${cores} cores; load ${load.toFixed(1)} at the start |
| Date | ${startedAt.toISOString().slice(0, 10)} |
| The file | ${whole(bundle.bytes)} bytes; ${whole(bundle.packed)} packed (brotli) |

${tables.join("\n")}
## Memory after ${whole(long)} invocations

| Node | an empty function | \`parameter-store\`, at first | at last | of the empty one (limit 1.2) |
|---|---:|---:|---:|---:|
${results.map(memoryOf).join("\n")}
`;
}
