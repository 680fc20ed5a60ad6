/**
 * Other libraries, in this language and in others, verify what Signet issues, and Signet verifies what they issue.
 *
 *   node tools/witnesses.mjs                  Signet against all that test/witnesses/table.mjs names
 *   node tools/witnesses.mjs --subject jose   another library in its place: tells whose fault a cell is
 *
 * Installs what it needs below test/witnesses/. A toolchain that the machine lacks is named and skipped; with CI=true that fails.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fuzzApi } from "../test/witnesses/api.mjs";
import { keySetCell, signing, thumbprintCell, verifyCell } from "../test/witnesses/cells.mjs";
import { converse } from "../test/witnesses/conversation.mjs";
import { followGuides } from "../test/witnesses/guides.mjs";
import { invokeByClients } from "../test/witnesses/invoke.mjs";
import { unwrapByPython } from "../test/witnesses/kms-import.mjs";
import { reasons, table } from "../test/witnesses/report.mjs";
import { ALGORITHMS, KEY_SET_TITLES, underNode, WITNESSES } from "../test/witnesses/table.mjs";
import { commandOf, nodes, prepare } from "../test/witnesses/toolchains.mjs";

const say = (text) => process.stdout.write(`${text}\n`);
const KEY_SET_COLUMNS = [...KEY_SET_TITLES, "thumbprints"];
/** @type {{ passed: number, failures: string[] }} */
const tally = { passed: 0, failures: [] };

/** Answers the toolchains that can be used. */
async function prepareAll() {
  const usable = new Set();
  const names = [...new Set(WITNESSES.map(({ toolchain }) => toolchain))];
  await Promise.all(
    names.map(async (name) => {
      const missing = await prepare(name).catch((error) => error);
      if (missing === undefined) usable.add(name);
      else if (missing instanceof Error) tally.failures.push(missing.message);
      else skip(`${missing} not found`);
    }),
  );
  return usable;
}

function skip(why) {
  say(`skipped: ${why}`);
  if (process.env.CI === "true") tally.failures.push(`skipped in CI: ${why}`);
}

function start(witness) {
  const node = witness.node;
  const started = { ...witness, ...converse(commandOf({ ...witness, node: node ?? nodes()[0] })) };
  started.label = node === undefined ? witness.name : `${witness.name} (Node ${node.version.split(".")[0]})`;
  return Object.assign(started, signing(started));
}

/** Greets a witness: one that does not answer, or is not the version that the table speaks of, is a failure. */
async function greet(witness) {
  const { version, runtime, error } = await witness.ask({ op: "hello" });
  if (error !== undefined) tally.failures.push(`${witness.label}: ${error}`);
  else say(`${witness.name} ${version}, ${runtime}`);
  if (error === undefined && witness.version !== undefined && witness.version !== version) {
    tally.failures.push(`${witness.name} is ${version}, but the table speaks of ${witness.version}: look at its claims again`);
  }
  return error === undefined;
}

async function startAll(usable) {
  const editions = nodes();
  if (!editions.some(({ hasMlDsa }) => hasMlDsa)) skip("a Node with ML-DSA not found (24.7 or newer)");
  const started = WITNESSES.filter(({ toolchain }) => usable.has(toolchain)).flatMap((witness) =>
    (witness.everyNode ? editions.map((node) => underNode(witness, node)) : [witness]).map(start),
  );
  const answered = await Promise.all(started.map(greet));
  return { started, present: started.filter((_, i) => answered[i]) };
}

function count(rows) {
  for (const { passed, failures } of rows.flatMap(({ cells }) => cells.flat())) {
    tally.passed += passed;
    tally.failures.push(...failures);
  }
}

async function matrixOf(subject, peers) {
  const tokens = await Promise.all(
    peers.map(async (peer) => {
      const cell = (alg) => Promise.all([verifyCell(subject, peer, alg), verifyCell(peer, subject, alg)]);
      return { label: peer.label, cells: await Promise.all(ALGORITHMS.map(cell)) };
    }),
  );
  const sets = await Promise.all(
    peers.map(async (peer) => {
      const cell = (name) => Promise.all([keySetCell(subject, peer, name), keySetCell(peer, subject, name)]);
      const cells = [...KEY_SET_TITLES.map(cell), Promise.all([thumbprintCell(subject, peer)])];
      return { label: peer.label, cells: await Promise.all(cells) };
    }),
  );
  return { tokens, sets };
}

async function show(subject, peers) {
  const { tokens, sets } = await matrixOf(subject, peers);
  say(`\n${table(`${subject.label}: its tokens verified by others / theirs verified by it`, ALGORITHMS, tokens)}`);
  say(`\n${table(`${subject.label}: its key sets read by others / theirs by it`, KEY_SET_COLUMNS, sets)}`);
  count([...tokens, ...sets]);
  return [
    { columns: ALGORITHMS, rows: tokens },
    { columns: KEY_SET_COLUMNS, rows: sets },
  ];
}

async function main() {
  const { values } = parseArgs({ options: { subject: { type: "string", default: "Signet" } } });
  const build = fileURLToPath(new URL("build.mjs", import.meta.url));
  if (spawnSync(process.execPath, [build, "--if-stale"], { stdio: "inherit" }).status !== 0)
    tally.failures.push("the build failed");
  const usable = await prepareAll();
  const { started, present } = await startAll(usable);
  const subjects = present.filter(({ name }) => name === values.subject);
  if (subjects.length === 0) tally.failures.push(`${values.subject} cannot be asked`);
  const peers = present.filter(({ name }) => name !== values.subject);
  const pages = [];
  for (const subject of subjects) pages.push(...(await show(subject, peers)));
  say(`\n${reasons(pages)}\n`);
  for (const witness of started) witness.stop();
  for (const proof of [unwrapByPython, invokeByClients, followGuides, fuzzApi]) {
    /** @type {{ passed: number, failures: string[], skipped?: string[] }} */
    const { passed, failures, skipped = [] } = await proof(usable);
    tally.passed += passed;
    tally.failures.push(...failures);
    skipped.forEach(skip);
  }
  const failures = [...new Set(tally.failures)];
  for (const failure of failures) say(`FAILED: ${failure}`);
  say(`\n${tally.passed} passed, ${failures.length} failed`);
  if (failures.length > 0) process.exitCode = 1;
}

await main();
