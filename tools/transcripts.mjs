/**
 * Plays the sessions in docs/transcripts/*.txt again: every `$ ` line in turn, in a new folder that looks like a fresh clone, and
 * compares what appears with what the page shows. A folder that a line has gone to, and a PATH that it has set, are those of the next line.
 * Tokens, keys and times differ each time, so they are compared as such.
 *
 *   node tools/transcripts.mjs          says which sessions differ, exit 1
 *   node tools/transcripts.mjs --write  records them anew
 */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startFakeForSessions } from "./fake-aws-sessions.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const folder = join(root, "docs/transcripts");

/** @type {readonly [RegExp, string][]} */
const VARIABLE = [
  [/^built dist\/ in .*\n/gm, ""],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, "<token>"],
  [/\b127\.0\.0\.1:\d+\/#code=/g, "127.0.0.1:<port>/#code="],
  [/\bSHA256:[\w+/]{43}=/g, "SHA256:<fingerprint>"],
  [/\bMII[\w+/=\n]{80,}/g, "<public key>"],
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "<uuid>"],
  [/(?<![\w-])[\w-]{43}(?![\w-])/g, "<thumbprint>"],
  [/(?<![\w-])[\w-]{80,}(?![\w-])/g, "<base64url>"],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z| UTC)?/g, "<time>"],
  [/\b\d{10}\b/g, "<numericdate>"],
  [/\b\d+(\.\d+)? m?s\b/g, "<duration>"],
  [
    /\bin \d+ (second|minute|hour|day)s?( \d+ (second|minute|hour)s?)?| *(\d+ (minute|second)s?( \d+ seconds?)? ago|\bnow\b) */g,
    " <from now> ",
  ],
  [/SINCE +/g, "SINCE "],
  // Who plays it, and how wide that makes a column.
  [/\bWHO +/g, "WHO "],
  [/\buser [\w.-]+ +/g, "user <name> "],
  // What `init` and AWS make up.
  [/\bissuer-example-[0-9a-f]{8}\b/g, "issuer-example-<id>"],
  [/<uuid>-\w{6}\b/g, "<uuid>-<id>"],
  [/"VersionId": "[\w-]+"/g, '"VersionId": "<id>"'],
  // What CloudFormation makes up.
  [/\bsignet-(Issuer|Manager|keyring)-\w+/g, "signet-$1-<id>"],
  [/\bLS0tLS1CRUdJTi[\w+/=]+/g, "<pem>"],
  [/\bhttps:\/\/\w+\.execute-api\b/g, "https://<id>.execute-api"],
];

export function transcriptNames() {
  return readdirSync(folder).filter((name) => name.endsWith(".txt"));
}

/** Those that are played on the strict fake of AWS, each on one of its own. */
export function fakeTranscriptNames() {
  return readdirSync(join(folder, "fake")).map((name) => `fake/${name}`);
}

/**
 * What the commands of a session on the fake answer today.
 *
 * @param {string} session
 */
export async function replayedOnFake(session) {
  const { env, stop } = await startFakeForSessions();
  try {
    return replayed(session, env);
  } finally {
    stop();
  }
}

/** @param {string} name */
export function recorded(name) {
  return readFileSync(join(folder, name), "utf8");
}

/** @param {string} session */
export function masked(session) {
  return VARIABLE.reduce((text, [pattern, name]) => text.replace(pattern, name), session);
}

/**
 * What the commands of a session answer today, as the session would be written.
 *
 * @param {string} session
 * @param {Readonly<Record<string, string>>} [more] environment variables beside those of an empty shell
 * @returns {string}
 */
export function replayed(session, more = {}) {
  const clone = mkdtempSync(join(realpathSync(tmpdir()), "signet-transcript-"));
  // Drills are in folders that are made elsewhere.
  const elsewhere = mkdtempSync(join(realpathSync(tmpdir()), "signet-transcript-"));
  try {
    for (const name of ["bin", "dist", "node_modules", "package.json", "tools"]) symlinkSync(join(root, name), join(clone, name));
    for (const [name, made] of Object.entries(KEYS_HANDED_OUT))
      if (session.includes(name)) writeFileSync(join(clone, name), made(), { mode: 0o600 });
    const commands = session.split("\n").filter((line) => line.startsWith("$ "));
    // A session that makes no issuer goes on where `npm start` made one.
    const shell = shellIn(clone, { TMPDIR: elsewhere, ...more });
    if (session.includes("bin/signet") && !/signet init|npm start/.test(session)) answerOf(MADE_BY_NPM_START, shell);
    const shown = SHOWN_PORTS.find((port) => session.includes(port)) ?? "";
    const free = shown === "" ? "" : freePort();
    const played = (/** @type {string} */ command) => answerOf(command, shell);
    const answer = (/** @type {string} */ line) =>
      shown === "" ? played(line.slice(2)) : onPort(line.slice(2), shown, free, played);
    return commands.map((line) => `${line}\n${answer(line)}`).join("");
  } finally {
    for (const folder of [clone, elsewhere]) removed(folder);
  }
}

// A server that a session has told to end may still write when it was last asked for something. rmSync by itself reads no folder twice.
function removed(/** @type {string} */ folder, tries = 100) {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 1 });
  } catch (error) {
    if (tries === 0 || /** @type {NodeJS.ErrnoException} */ (error).code !== "ENOTEMPTY") throw error;
    removed(folder, tries - 1);
  }
}

/** Where the pages' servers listen. Somebody else may listen there on this machine, so a session is played on another port. */
const SHOWN_PORTS = ["7117", "7118"];

function freePort() {
  const program = "const s = net.createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); })";
  return spawnSync(process.execPath, ["-e", program], { encoding: "utf8" }).stdout.trim();
}

/** What a session has from elsewhere: private keys in the form in which GitHub and Apple hand them out, under the names that it calls them. */
export const KEYS_HANDED_OUT = Object.freeze({
  "app.private-key.pem": () =>
    generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey.export({ format: "pem", type: "pkcs1" }).toString(),
  "AuthKey_2X9R4HXF34.p8": () =>
    generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
});

const MADE_BY_NPM_START = "./bin/signet init --issuer http://localhost:7117";

/** What goes on until it is told to stop: it is, as soon as it has said this. */
const STAYS = { "npm start": "callers add web" };

/**
 * What a session shows with one port, played with another.
 *
 * @param {string} command
 * @param {string} shown
 * @param {string} free
 * @param {(command: string) => string} answer
 */
function onPort(command, shown, free, answer) {
  if (command !== "npm start") return answer(command.replaceAll(shown, free)).replaceAll(free, shown);
  // It listens where it always does unless it is told where.
  const said = answer(`${command} -- --port ${free}`).replaceAll(` --port ${free}`, "").replaceAll(free, shown);
  return said.replace(/(?<=\beyJ[\w-]+\.)[\w-]+(?=\.)/g, (claims) => {
    const text = Buffer.from(claims, "base64url").toString().replaceAll(free, shown);
    return Buffer.from(text).toString("base64url");
  });
}

/** A shell in a clone, which goes where its commands lead it. @typedef {{ clone: string, at: string, env: Record<string, string | undefined> }} Shell */

/** @param {string} clone @param {Readonly<Record<string, string>>} more @returns {Shell} */
function shellIn(clone, more) {
  const own = { HOME: clone, NO_COLOR: "1", TZ: "UTC", npm_config_update_notifier: "false" };
  return { clone, at: clone, env: { PATH: process.env.PATH, ...own, ...more } };
}

/** @param {string} command */
function ended(command) {
  const last = Object.entries(STAYS).find(([start]) => command.startsWith(start))?.[1];
  if (last === undefined) return command;
  const wait = `for _ in $(seq 1500); do grep -q '${last}' .said && break; sleep 0.1; done`;
  return `: > .said; ${command} >> .said 2>&1 & ${wait}; kill -TERM $!; wait $! || true; cat .said; rm .said`;
}

/** @param {string} command @param {Shell} shell */
function answerOf(command, shell) {
  const { clone, at, env } = shell;
  const left = join(clone, ".shell");
  // One pipe for both streams keeps their order as a terminal would show it.
  const { stdout, error } = spawnSync("sh", ["-c", `{ ${ended(command)}\n} 2>&1; printf '%s\\n' "$PWD" "$PATH" > ${left}`], {
    cwd: at,
    env,
    encoding: "utf8",
    timeout: 170_000,
  });
  if (error) throw error;
  const [folder = clone, path] = readFileSync(left, "utf8").split("\n");
  rmSync(left);
  shell.at = folder;
  env.PATH = path;
  return stdout.replaceAll(at, ".").replaceAll(clone, ".");
}

async function main() {
  for (const name of [...transcriptNames(), ...fakeTranscriptNames()]) {
    const before = recorded(name);
    const now = name.startsWith("fake/") ? await replayedOnFake(before) : replayed(before);
    if (masked(before) === masked(now)) continue;
    if (process.argv.includes("--write")) {
      writeFileSync(join(folder, name), now);
      process.stderr.write(`docs/transcripts/${name} recorded\n`);
    } else {
      process.exitCode = 1;
      process.stderr.write(`docs/transcripts/${name} differs: npm run docs\n`);
    }
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
