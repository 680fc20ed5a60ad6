/** Sets the clock of this process forward by as many milliseconds as a file says, whenever it says another number. */
const { readFileSync } = require("node:fs");

const now = Date.now;
Date.now = () => now() + Number(readFileSync(process.env.CLOCK_AHEAD, "utf8"));
