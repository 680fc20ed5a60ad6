import { keyringIn, madeInstallation, must, publishedIn, removed, signet, verifies } from "./installation.mjs";

const DAY = 86_400;
const START = 1_800_000_000;

/** Thirty days of real ticks with a new key every week: every token verifies against every JWKS until it ends. */
export async function thirtyDays({ isShort }) {
  // A minute more than the step, and an hour less than a week: whether a process starts faster than another a step or a week ago must put
  // nothing off to the next tick.
  const stepSeconds = (isShort ? DAY / 2 : DAY / 6) + 60;
  const cwd = await madeInstallation({ rotation: { rotateEverySeconds: 7 * DAY - 3_600 }, at: START });
  const living = [];
  const kids = new Set();
  let [tokens, checks] = [0, 0];
  for (let at = START; at < START + 30 * DAY; at += stepSeconds) {
    must(await signet(cwd, ["keys", "tick"], { at }), "keys tick");
    const { stdout } = must(await signet(cwd, ["issue", "sub=a", "--ttl", "1d"], { at }), "issue");
    living.push({ token: stdout.trim(), endsAt: at + DAY });
    tokens++;
    while (living[0].endsAt <= at) living.shift();
    const jwks = publishedIn(cwd);
    for (const { token } of living) {
      kids.add(await verifies(token, jwks, at));
      checks++;
    }
  }
  const keys = keyringIn(cwd).keys.length;
  removed(cwd);
  if (kids.size !== 5) throw new Error(`${kids.size} keys have signed in thirty days, not 5`);
  if (checks <= tokens) throw new Error("no token was checked against a later JWKS");
  return `${tokens} tokens of ${kids.size} keys, ${checks} checks, 0 refused; ${keys} keys at the end`;
}
