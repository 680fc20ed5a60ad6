import { once } from "node:events";
import { join } from "node:path";
import { keyringIn, madeInstallation, program, removed, signet } from "./installation.mjs";

/** An hour lasts two seconds. */
const SPEED = 1_800;
const SECONDS = { short: 25, long: 300 };
const HOUR_MILLISECONDS = 3_600_000 / SPEED;
const VERIFIERS = 2;

/** Keys rotate every four hours of a fast clock, while processes issue and verify: nothing is refused. */
export async function underLoad({ isShort }) {
  const clock = `${Date.now()} ${Date.now()} ${SPEED}`;
  const rotation = { rotateEverySeconds: 14_400, publishAheadSeconds: 12_000 };
  const cwd = await madeInstallation({ rotation, limits: { maxTtlSeconds: 7_200, defaultTtlSeconds: 7_200 }, clock });
  const issuer = program("load-issuer.mjs", clock, join(cwd, "signet.json"));
  const verifiers = Array.from({ length: VERIFIERS }, () =>
    program("load-verifier.mjs", clock, join(cwd, ".signet/public/jwks.json")),
  );
  issuer.on("message", (/** @type {any} */ { tokens }) => {
    for (const verifier of verifiers) if (tokens !== undefined) verifier.send({ tokens });
  });
  const until = Date.now() + (isShort ? SECONDS.short : SECONDS.long) * 1_000;
  let ticks = 0;
  while (Date.now() < until) {
    const { code, stderr } = await signet(cwd, ["keys", "tick"], { clock });
    if (code !== 0) throw new Error(stderr);
    ticks++;
    await new Promise((resolve) => setTimeout(resolve, HOUR_MILLISECONDS / 2));
  }
  const issued = await ended(issuer, {}, (message) => message.issued !== undefined);
  const verified = await Promise.all(verifiers.map((verifier) => ended(verifier, { isOver: true }, () => true)));
  const activations = keyringIn(cwd).confirmedSequence;
  removed(cwd);
  const sum = (name) => verified.reduce((total, one) => total + one[name], 0);
  const kids = new Set(verified.flatMap((one) => one.kids)).size;
  if (issued.refused + sum("refused") > 0) throw new Error(`${issued.refused} were not issued, ${sum("refused")} refused`);
  if (sum("ended") > sum("verified") / 100) throw new Error(`${sum("ended")} tokens came too late to be verified`);
  if (kids < 3) throw new Error(`only ${kids} keys have signed`);
  return `${issued.issued} issued, ${sum("verified")} verified by ${VERIFIERS} processes, 0 refused, ${sum("ended")} ended before their verifier came to them; ${activations} activations, ${kids} keys seen, ${ticks} ticks`;
}

async function ended(child, message, isLast) {
  child.send(message);
  for (;;) {
    const [answer] = await once(child, "message");
    if (isLast(answer)) return answer;
  }
}
