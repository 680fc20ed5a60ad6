// Preloaded into the command under test: kills the process, as a power cut would, right before or after its n-th change of the
// disk. KILL_AT=n counts before the change, with `after` behind it, after; KILL_AT=0 kills nowhere, and says in the
// end how many there were.
import { writeSync } from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const [at, when] = (process.env.KILL_AT ?? "0").split(" ");
let count = 0;

function counted(change) {
  return async (...args) => {
    count += 1;
    const isIt = count === Number(at);
    if (isIt && when !== "after") process.kill(process.pid, "SIGKILL");
    try {
      return await change(...args);
    } finally {
      // Also where it failed, as the making of a folder that is there does: whoever counts would take that for the end.
      if (isIt) process.kill(process.pid, "SIGKILL");
    }
  };
}

for (const name of ["link", "rename", "rm", "mkdir"]) fs[name] = counted(fs[name]);
const open = fs.open;
fs.open = (path, flags, ...more) => (flags === "wx" ? counted(open)(path, flags, ...more) : open(path, flags, ...more));
syncBuiltinESMExports();
if (at === "0") process.on("exit", () => writeSync(2, `${count} writes\n`));
