/** What `openssl speed` reaches: the ceiling for everything that calls OpenSSL. */
import { execFileSync } from "node:child_process";

const NAMES = { ES256: "ecdsap256", EdDSA: "ed25519", RS256: "rsa2048" };
const LINES = {
  ES256: /nistp256\)\s+\S+s\s+\S+s\s+(?<sign>[\d.]+)\s+(?<verify>[\d.]+)/,
  EdDSA: /Ed25519\)\s+\S+s\s+\S+s\s+(?<sign>[\d.]+)\s+(?<verify>[\d.]+)/,
  RS256: /rsa\s+2048 bits\s+\S+s\s+\S+s\s+(?<sign>[\d.]+)\s+(?<verify>[\d.]+)/,
};

/**
 * @param {readonly string[]} algs PS256 has no figure of its own
 * @param {number} seconds for each of signing and verifying
 * @returns {{ version: string, perSecond: Record<string, { sign: number, verify: number }> } | undefined}
 */
export function opensslSpeed(algs, seconds) {
  try {
    const version = execFileSync("openssl", ["version"], { encoding: "utf8" }).split(" ").slice(0, 2).join(" ");
    const measured = algs.filter((alg) => alg in NAMES).map((alg) => [alg, speedOf(alg, seconds)]);
    return { version, perSecond: Object.fromEntries(measured) };
  } catch (error) {
    process.stderr.write(`skipped: openssl speed (${error.message.split("\n")[0]})\n`);
    return undefined;
  }
}

function speedOf(alg, seconds) {
  const args = ["speed", "-seconds", String(seconds), NAMES[alg]];
  const groups = LINES[alg].exec(
    execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  )?.groups;
  if (!groups) throw new Error(`it prints ${alg} in a form that is not known`);
  return { sign: Number(groups.sign), verify: Number(groups.verify) };
}
