/** An issuer with a past: keys that have signed, one that was revoked, one that signs, one that waits. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { keyringIn, madeInstallation, must, removed, signet } from "../../test/rotation/processes/installation.mjs";

const DAY = 86_400;
const PAST_DAYS = 75;
const ROTATE_DAYS = 21;
const REVOKED_AFTER_DAYS = 30;
const bin = fileURLToPath(new URL("../../bin/signet", import.meta.url));

/** Makes it, by real commands whose clock is set back, each when there is something to do. The caller removes it. */
export async function issuerWithPast() {
  const present = Math.floor(Date.now() / 1_000);
  const start = present - PAST_DAYS * DAY - 3_600;
  const cwd = await madeInstallation({
    rotation: { rotateEverySeconds: ROTATE_DAYS * DAY, publishAheadSeconds: 7 * DAY },
    limits: { maxTtlSeconds: 7 * DAY },
    at: start,
  });
  const theft = start + REVOKED_AFTER_DAYS * DAY;
  let at = start;
  for (let isStolen = false; at < present; ) {
    const { stdout } = must(await signet(cwd, ["keys", "tick", "--json"], { at }), "keys tick");
    if (at === theft) {
      isStolen = true;
      must(
        await signet(cwd, ["keys", "revoke", activeKid(cwd), "--reason", "a laptop was stolen", "--yes"], { at }),
        "keys revoke",
      );
    }
    const next = Math.max(JSON.parse(stdout).nextAt ?? present, at + 3_600);
    at = isStolen ? next : Math.min(next, theft);
  }
  must(await signet(cwd, ["callers", "add", "billing"]), "callers add");
  must(await signet(cwd, ["keys", "tick"]), "keys tick");
  // The pictures show where it is.
  const home = mkdtempSync(join(tmpdir(), "signet-proof-home-"));
  const folder = join(home, "issuer");
  renameSync(cwd, folder);
  return { cwd: folder, remove: () => rmSync(home, { recursive: true }) };
}

/** The kid of the key that signs. @param {string} cwd @returns {string} */
export function activeKid(cwd) {
  return keyringIn(cwd).keys.find(({ state }) => state === "active").publicJwk.kid;
}

/**
 * An issuer whose key can be rotated at once: its second standby was made for a rotation that another policy has put off. The caller removes it.
 */
export async function rotatableIssuer() {
  const start = Math.floor(Date.now() / 1_000) - 10 * DAY;
  const rotation = { rotateEverySeconds: 8 * DAY, publishAheadSeconds: 4 * 3_600 };
  const cwd = await madeInstallation({ rotation, at: start });
  const dueAt = start + 8 * DAY;
  must(await signet(cwd, ["keys", "tick"], { at: dueAt - 3 * 3_600 }), "keys tick");
  const path = join(cwd, "signet.json");
  const config = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...config, rotation: { ...rotation, rotateEverySeconds: 30 * DAY } }));
  must(await signet(cwd, ["keys", "apply", "--yes"], { at: dueAt - 2 * 3_600 }), "keys apply");
  must(await signet(cwd, ["callers", "add", "billing"]), "callers add");
  must(await signet(cwd, ["keys", "tick"]), "keys tick");
  return { cwd, remove: () => removed(cwd) };
}

/**
 * Starts the console of a folder, or of what `args` name, and waits for its link.
 *
 * @param {string} cwd
 * @param {{ args?: readonly string[], env?: Record<string, string> }} [more]
 */
export function startConsole(cwd, { args = [], env = {} } = {}) {
  const child = spawn(process.execPath, [bin, "console", "--no-open", ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: dirname(cwd), TMPDIR: cwd, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stderr.on("data", (text) => {
    err += text;
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the console ended with ${code}: ${err}`)));
    child.stdout.on("data", (text) => {
      out += text;
      const [link, origin] = /^(http:\/\/127\.0\.0\.1:\d+)\/#code=[\w-]+$/m.exec(out) ?? [];
      if (link !== undefined) resolve({ link, origin, stop: (signal = "SIGTERM") => child.kill(signal) && ended });
    });
  });
}
