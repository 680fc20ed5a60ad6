import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertWhole, keyringIn, madeInstallation, must, publishedIn, removed, signet, verifies } from "./installation.mjs";

const KILL = fileURLToPath(new URL("../../cli/kill-at-write.mjs", import.meta.url));
const DAY = 86_400;
const TIMES = { short: 10, long: 100 };

/** The actions that are interrupted, and how long after the making of the installation. */
const ACTIONS = {
  "the first tick of a planned rotation": { args: () => ["keys", "tick"], after: 90 * DAY - DAY - 1_800 },
  "a rotation that is due": { args: () => ["keys", "tick"], after: 92 * DAY, prepare: 90 * DAY - DAY - 1_800 },
  "the removal of a retired key": { args: () => ["keys", "tick"], after: 95 * DAY, prepare: 92 * DAY },
  "a revocation": { args: (kid) => ["keys", "revoke", kid, "--yes"], after: 2 * DAY },
  "a migration": { args: () => ["keys", "migrate", "--algorithm", "PS256", "--verifiers-accept", "PS256"], after: DAY },
};

/** kill -9 at writes all over each action: the next tick finishes it, and no token is lost but a revoked key's. */
export async function killed({ isShort }) {
  const times = isShort ? TIMES.short : TIMES.long;
  let kills = 0;
  for (const [name, action] of Object.entries(ACTIONS)) {
    const start = Math.floor(Date.now() / 1_000);
    const origin = await madeInstallation({ at: start });
    if (action.prepare === 92 * DAY) must(await signet(origin, ["keys", "tick"], { at: start + 88.99 * DAY }), "keys tick");
    if (action.prepare !== undefined) must(await signet(origin, ["keys", "tick"], { at: start + action.prepare }), "keys tick");
    const at = start + action.after;
    const token = must(await signet(origin, ["issue", "sub=a", "--ttl", "10m"], { at }), "issue").stdout.trim();
    const kid =
      keyringIn(origin).keys.find(({ state }) => state === "active").kid ?? (await verifies(token, publishedIn(origin), at));
    const copied = () => {
      const cwd = mkdtempSync(join(tmpdir(), "signet-killed-"));
      cpSync(origin, cwd, { recursive: true });
      return cwd;
    };
    const whole = copied();
    const { stderr } = await signet(whole, action.args(kid), { at, env: { KILL_AT: "0" }, imports: [KILL] });
    const writes = Number(/^(\d+) writes$/m.exec(stderr)?.[1]);
    removed(whole);
    for (let time = 0; time < times; time++) {
      const write = 1 + Math.round((time * (writes - 1)) / (times - 1));
      const cwd = copied();
      const env = { KILL_AT: time % 2 === 0 ? `${write} after` : `${write}` };
      const ran = await signet(cwd, action.args(kid), { at, env, imports: [KILL] });
      if (ran.signal !== "SIGKILL") throw new Error(`${name} was not killed at write ${env.KILL_AT} of ${writes}: ${ran.stderr}`);
      kills++;
      must(await signet(cwd, ["keys", "tick"], { at: at + 1 }), `the tick after ${name} was killed at write ${env.KILL_AT}`);
      await assertWhole(cwd, { at: at + 1 });
      const isRevoked = !keyringIn(cwd).keys.some(({ publicJwk }) => publicJwk?.kid === kid);
      if (!isRevoked) await verifies(token, publishedIn(cwd), at + 1);
      else if (name !== "a revocation") throw new Error(`${name}: the key of a living token is gone`);
      removed(cwd);
    }
    removed(origin);
  }
  return `${Object.keys(ACTIONS).length} actions, ${kills} processes killed with SIGKILL, each finished by the next tick`;
}
