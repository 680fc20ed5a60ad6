// Preloaded into the command under test: from its n-th change of the disk on (FAIL_AT=n) the disk is full. FAIL_AT=0: nowhere, and
// it is said in the end how many there were.
import { writeSync } from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const at = Number(process.env.FAIL_AT);
let count = 0;

function counted(change) {
  return async (...args) => {
    count += 1;
    if (at > 0 && count >= at) throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
    return change(...args);
  };
}

// What is there can always be removed.
for (const name of ["link", "rename", "mkdir"]) fs[name] = counted(fs[name]);
const open = fs.open;
fs.open = async (path, flags, ...more) => {
  if (flags !== "wx") return open(path, flags, ...more);
  const file = await counted(open)(path, flags, ...more);
  file.writeFile = counted(file.writeFile.bind(file));
  return file;
};
syncBuiltinESMExports();
if (at === 0) process.on("exit", () => writeSync(2, `${count} writes\n`));
