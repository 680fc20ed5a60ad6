/**
 * Faults on request. Kinds: `reset` (before anything is done), `lost-reply` (done, then cut off), `timeout` (never answered),
 * `slow-body`, `truncated`, `garbage`, `stale-read` (the answer to the same call before the last write), `clock-skew` (with
 * `seconds`), `corrupt-signature`, or an error by `code`, `status` and `message`.
 */
export function createFaults() {
  const planned = [];
  const answers = new Map();
  let skewMs = 0;
  const keyOf = (record, body) => `${record.action} ${record.resource} ${body}`;
  return {
    skewMs: () => skewMs,
    /** @param {{ action?: string, skip?: number, times?: number, every?: number, kind?: string, code?: string, status?: number, message?: string, seconds?: number, ms?: number }} fault */
    inject(fault) {
      if (fault.kind === "clock-skew") skewMs = (fault.seconds ?? 0) * 1_000;
      else planned.push({ skip: 0, times: fault.every === undefined ? 1 : Number.POSITIVE_INFINITY, seen: 0, ...fault });
    },
    clear: () => planned.splice(0),
    take(action) {
      for (const fault of planned) {
        if ((fault.action !== undefined && fault.action !== action) || fault.times <= 0) continue;
        fault.seen += 1;
        if (fault.seen <= fault.skip || (fault.every !== undefined && fault.seen % fault.every !== 0)) continue;
        fault.times -= 1;
        return fault;
      }
      return undefined;
    },
    stale: (fault, record, body) => (fault?.kind === "stale-read" ? answers.get(keyOf(record, body))?.at(-2) : undefined),
    remember(record, body, answer) {
      if (!/:(Get|List|Describe)/.test(record.action)) return;
      const known = answers.get(keyOf(record, body)) ?? [];
      if (known.at(-1)?.body !== answer.body) answers.set(keyOf(record, body), [...known, answer].slice(-2));
    },
  };
}
