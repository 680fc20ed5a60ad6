import { readFile } from "node:fs/promises";

/** Whether a process has ended, whether or not somebody has asked for its status. */
export async function hasEnded(pid: number): Promise<boolean> {
  if (process.platform === "linux")
    return /^State:\tZ/m.test(await readFile(`/proc/${pid}/status`, "utf8").catch(() => "State:\tZ"));
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
