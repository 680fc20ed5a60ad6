/** What has to be reached, on each Node. A ratio under its limit by no more than the noise is still kept. */
import { speedRatio, spread } from "./measure.mjs";

export const NOISE = 0.05;

/** Of a loop around node:crypto, in the fastest form that it has. */
export const OF_BARE = { issue: { ES256: 0.87 }, verify: { ES256: 0.87, RS256: 0.8, EdDSA: 0.93 } };
/** Of the fastest library for Node, each with the best form that its API offers and every check on. */
const OF_BEST = {
  issue: { ES256: 1.05, EdDSA: 0.97, RS256: 0.97, PS256: 0.97 },
  verify: { ES256: 0.97, EdDSA: 0.97, RS256: 0.97, PS256: 0.97 },
};
const LIBRARIES = ["jose", "jsonwebtoken", "fast-jwt", "aws-jwt-verify"];
/** On the Node that the template runs. */
const OF_GOLANG = { task: "issue", alg: "ES256", major: "24", limit: 1.5 };
export const MAX_START_UP = 2.5;
const MAX_PEAK_MB = 120;

/** @typedef {"kept" | "missed" | "out of reach"} Verdict */
/** @typedef {{ what: string, limit: string, figure: number, verdict: Verdict }} Judged */

/** @returns {Judged[]} what one Node has reached */
export function judgeInProcess({ node, results }) {
  return results.flatMap(({ task, alg, times }) => {
    const all = new Map(Object.entries(times));
    const judged = [judgeBest(task, alg, all)];
    if (alg in OF_BARE[task]) judged.unshift(judgeRatio(`${task} ${alg}, of bare`, all, "bare", OF_BARE[task][alg]));
    const { limit } = OF_GOLANG;
    const isForGolang = task === OF_GOLANG.task && alg === OF_GOLANG.alg && node.startsWith(`${OF_GOLANG.major}.`);
    if (isForGolang && all.has("golang-jwt")) judged.push(judgeRatio(`${task} ${alg}, of golang-jwt`, all, "golang-jwt", limit));
    return judged;
  });
}

function judgeBest(task, alg, all) {
  const speeds = LIBRARIES.filter((name) => all.has(name)).map((name) => ({
    name,
    speed: speedRatio(all, name, "signet").median,
  }));
  const [best] = speeds.sort((a, b) => b.speed - a.speed);
  return judgeRatio(`${task} ${alg}, of the fastest library for Node`, all, best.name, OF_BEST[task][alg]);
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

/** @returns {Judged} */
function judgeRatio(what, all, other, limit) {
  const figure = speedRatio(all, "signet", other).median;
  const isKept = figure >= limit * (1 - NOISE);
  // What is made by hand, with nothing checked, is the least that a token takes beside its signature.
  const isOutOfReach = ["bare", "by hand"].some((least) => least !== other && speedRatio(all, least, other).median < limit);
  return { what, figure, limit: `>= ${limit}`, verdict: isKept ? "kept" : isOutOfReach ? "out of reach" : "missed" };
}

function atMost(what, figure, limit, noise) {
  return { what, figure, limit: `<= ${limit}`, verdict: figure <= limit * (1 + noise) ? "kept" : "missed" };
}
