import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { until } from "../contracts/until.js";

/** Whether processes can be counted here: the kernel has to show their environments. */
export const canCount = process.platform === "linux";

/** A mark that a process and all below it carry in their environment, wherever they end up. */
export interface ProcessMark {
  readonly env: Readonly<Record<string, string>>;
  /** The processes that carry it, dead ones that nobody has waited for left out. */
  running(): number[];
  /** Waits until there are so many; the machine may be slow, so it is the test's own time that ends this. */
  untilRunning(count: number): Promise<void>;
}

/** Makes a mark that nobody has. */
export function markProcesses(): ProcessMark {
  const value = randomUUID();
  const running = (): number[] =>
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => environmentOf(pid).includes(value))
      .map(Number);
  return {
    env: { SIGNET_TEST_MARK: value },
    running,
    untilRunning: (count) => until(`${count} processes that run`, () => running().length === count),
  };
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return "";
  }
}
