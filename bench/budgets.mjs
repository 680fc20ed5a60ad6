/** What has to be reached. A ratio under its limit by no more than the noise is still kept. */
import { speedRatio, spread } from "./measure.mjs";

const NOISE = 0.05;

const OF_BARE = {
  issue: { ES256: 0.9, EdDSA: 0.9, RS256: 0.97 },
  verify: { ES256: 0.9, EdDSA: 0.9, RS256: 0.75 },
};
const OF_OTHERS = {
  issue: { jose: 1, jsonwebtoken: 1, "fast-jwt": 1, "golang-jwt": 1.2 },
  verify: { jose: 1, "aws-jwt-verify": 1 },
};
export const MAX_START_UP = 2.5;
const MAX_PEAK_MB = 120;

/** @typedef {{ what: string, figure: number, limit: string, verdict: "kept" | "missed" | "out of reach" }} Judged */

/** @returns {Judged[]} */
export function judgeInProcess(results) {
  return results.flatMap(({ task, alg, times }) => {
    const all = new Map(Object.entries(times));
    const limits = { ...(alg in OF_BARE[task] && { bare: OF_BARE[task][alg] }), ...OF_OTHERS[task] };
    const present = Object.entries(limits).filter(([other]) => all.has(other));
    return present.map(([other, limit]) => judgeRatio(`${task} ${alg}, of ${other}`, { all, other, limit }));
  });
}

/** @returns {Judged} */
export function judgeStartUp(times) {
  const { median } = startUpRatio(times);
  return atMost("start-up of the command, of `node -e 0`", median, MAX_START_UP, NOISE);
}

/** @returns {Judged} */
export function judgeMemory({ tokens, peakMb }) {
  return atMost(`peak memory of issuing ${tokens.toLocaleString("en")} tokens, MB`, peakMb, MAX_PEAK_MB, 0);
}

export function startUpRatio(times) {
  return spread(times.get("signet").map((time, round) => time / times.get("node")[round]));
}

function judgeRatio(what, { all, other, limit }) {
  const figure = speedRatio(all, "signet", other).median;
  const isKept = figure >= limit * (1 - NOISE);
  // Whoever calls node:crypto is no faster than a bare loop around it.
  const isOutOfReach = speedRatio(all, "bare", other).median < limit;
  return { what, figure, limit: `>= ${limit}`, verdict: isKept ? "kept" : isOutOfReach ? "out of reach" : "missed" };
}

function atMost(what, figure, limit, noise) {
  return { what, figure, limit: `<= ${limit}`, verdict: figure <= limit * (1 + noise) ? "kept" : "missed" };
}
