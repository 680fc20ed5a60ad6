import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Global set-up of the tests that run the built command: they must see today's sources. */
export default function setup(): void {
  const root = fileURLToPath(new URL("../", import.meta.url));
  execFileSync(process.execPath, ["tools/build.mjs", "--if-stale"], { cwd: root, stdio: "inherit" });
}
