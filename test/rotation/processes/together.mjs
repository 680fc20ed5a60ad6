import { assertWhole, keyringIn, madeInstallation, removed, signet } from "./installation.mjs";

const DAY = 86_400;
const TIMES = { short: 25, long: 1_000 };

/** Two managers start together, on a rotation that is due: one change is made, and whoever is turned away is told why. */
export async function together({ isShort }) {
  const times = isShort ? TIMES.short : TIMES.long;
  let at = Math.floor(Date.now() / 1_000);
  let turnedAway = 0;
  const cwd = await madeInstallation({ at });
  for (let time = 0; time < times; time++) {
    at += 2 * DAY;
    const args = time % 2 === 0 ? ["keys", "rotate"] : ["keys", "tick"];
    const ran = await Promise.all([signet(cwd, args, { at }), signet(cwd, args, { at })]);
    if (!ran.some(({ code }) => code === 0)) throw new Error(`both managers failed: ${ran.map(({ stderr }) => stderr).join()}`);
    for (const { code, stderr } of ran) {
      if (code === 0) continue;
      turnedAway++;
      if (!/is changing keys|has taken over|try again/.test(stderr)) throw new Error(`not told why: ${stderr}`);
    }
    const { code, stderr } = await signet(cwd, ["keys", "tick"], { at });
    if (code !== 0) throw new Error(stderr);
    if (time % 10 === 9) await assertWhole(cwd, { at });
  }
  const { leases, confirmedSequence } = keyringIn(cwd);
  removed(cwd);
  return `${times} starts, ${turnedAway} turned away, ${leases} leases, ${confirmedSequence} activations, nothing left over`;
}
