/** The share of a processor that Lambda gives a function (Lambda developer guide, "Configure Lambda function memory"), by a cgroup. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** So many MB of memory come with one whole processor. */
const MB_OF_ONE_PROCESSOR = 1_769;
const PERIOD_US = 20_000;
/** Where groups are made: version 2 of cgroups has its file of controllers at the top, version 1 a folder for each controller. */
const VERSIONS = [
  { folder: "/sys/fs/cgroup", when: "cgroup.controllers", limits: (quota) => ({ "cpu.max": `${quota} ${PERIOD_US}` }) },
  {
    folder: "/sys/fs/cgroup/cpu",
    when: "cpu.cfs_quota_us",
    limits: (quota) => ({ "cpu.cfs_period_us": PERIOD_US, "cpu.cfs_quota_us": quota }),
  },
];

/**
 * Makes a group whose processes share what a function of so much memory has.
 *
 * @param {number} memoryMb
 * @returns {{ add(pid: number): void, end(): void } | undefined} nothing where the machine does not let this process do it
 */
export function processorShare(memoryMb) {
  const version = VERSIONS.find(({ folder, when }) => existsSync(join(folder, when)));
  if (version === undefined) return undefined;
  const group = join(version.folder, `signet-bench-${process.pid}-${memoryMb}`);
  try {
    mkdirSync(group, { recursive: true });
    const limits = version.limits(Math.round((PERIOD_US * memoryMb) / MB_OF_ONE_PROCESSOR));
    for (const [name, value] of Object.entries(limits)) writeFileSync(join(group, name), String(value));
  } catch {
    return undefined;
  }
  return { add: (pid) => writeFileSync(join(group, "cgroup.procs"), String(pid)), end: () => rmdirSync(group) };
}
