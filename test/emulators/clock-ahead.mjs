// Preloaded into a function: its clock, and that of the services which answer it, is ahead by CLOCK_AHEAD_SECONDS.
const aheadMs = Number(process.env.CLOCK_AHEAD_SECONDS) * 1_000;
const { now, parse } = Date;
Date.now = () => now() + aheadMs;
Date.parse = (text) => parse(text) + (/ GMT$/.test(text) ? aheadMs : 0);
