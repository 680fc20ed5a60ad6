// Preloaded into a process: its clock begins at another time, and may run faster. SIGNET_TEST_CLOCK="REAL START SPEED": when it is
// REAL (milliseconds) in truth, the process sees START, and from then on SPEED seconds for each second.
const [real, start, speed] = (process.env.SIGNET_TEST_CLOCK ?? "0 0 1").split(" ").map(Number);
const now = Date.now.bind(Date);
Date.now = () => Math.floor(start + (now() - real) * speed);
