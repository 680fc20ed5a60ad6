/**
 * Compares ways of doing the same work. Each round gives every contestant one short slice of time, in a new random order, and
 * only figures of the same round are compared: what disturbs the machine disturbs all of them, and the median forgets it.
 *
 * Time is the process's own time on the processor, all its threads together: what else runs on the machine is not counted, and
 * on one core that is all the time that there is.
 */

/**
 * @typedef {object} Contestant
 * @property {string} name
 * @property {(count: number) => number | Promise<number>} run does the work so many times and answers the microseconds it took
 */

/** @typedef {{ median: number, low: number, high: number }} Spread the median, and the quartiles around it */

/**
 * @param {string} name
 * @param {() => unknown} once
 * @returns {Contestant}
 */
export function direct(name, once) {
  return {
    name,
    run(count) {
      const start = process.cpuUsage();
      for (let done = 0; done < count; done++) once();
      return microsecondsSince(start);
    },
  };
}

/**
 * @param {string} name
 * @param {() => Promise<unknown>} once
 * @param {number} batch how much of the work one call does
 * @returns {Contestant}
 */
export function awaited(name, once, batch = 1) {
  return {
    name,
    async run(count) {
      const calls = Math.ceil(count / batch);
      const start = process.cpuUsage();
      for (let done = 0; done < calls; done++) await once();
      return (microsecondsSince(start) * count) / (calls * batch);
    },
  };
}

function microsecondsSince(start) {
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

/** Answers the elements in turn, for ever. */
export function inTurn(list) {
  let next = 0;
  return () => {
    next = next + 1 < list.length ? next + 1 : 0;
    return list[next];
  };
}

/**
 * @param {readonly Contestant[]} contestants
 * @param {{ rounds: number, sliceMs: number }} options
 * @returns {Promise<Map<string, number[]>>} for each name, microseconds for one piece of work in every round
 */
export async function measure(contestants, { rounds, sliceMs }) {
  const counts = new Map();
  for (const contestant of contestants) counts.set(contestant.name, await sliceCount(contestant, sliceMs));
  const times = new Map(contestants.map(({ name }) => [name, /** @type {number[]} */ ([])]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of shuffled(contestants)) {
      const count = counts.get(name);
      times.get(name)?.push((await run(count)) / count);
    }
  }
  return times;
}

/**
 * How much faster `name` is than `other`, round by round.
 *
 * @param {Map<string, number[]>} times
 * @returns {Spread}
 */
export function speedRatio(times, name, other) {
  const others = times.get(other) ?? [];
  return spread((times.get(name) ?? []).map((time, round) => others[round] / time));
}

/** @returns {Spread} */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) };
}

function quantile(sorted, share) {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)];
  return below + (sorted[Math.ceil(at)] - below) * (at - Math.floor(at));
}

/** Compilers are done with a contestant after so many slices. */
const WARM_SLICES = 15;

async function sliceCount({ run }, sliceMs) {
  const aimed = sliceMs * 1000;
  let count = 1;
  for (;;) {
    const took = await run(count);
    if (took >= aimed * 0.8) {
      for (let slice = 0; slice < WARM_SLICES; slice++) await run(count);
      return Math.max(1, Math.round((count * aimed) / (await run(count))));
    }
    count = Math.min(count * 4, Math.max(count + 1, Math.ceil((count * aimed) / took)));
  }
}

/** In another order. */
export function shuffled(list) {
  const result = [...list];
  for (let last = result.length - 1; last > 0; last--) {
    const at = Math.floor(Math.random() * (last + 1));
    [result[last], result[at]] = [result[at], result[last]];
  }
  return result;
}
