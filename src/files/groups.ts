import { SignetError } from "../errors.js";
import { readTrustedText } from "./trusted-read.js";

const GROUPS = "/etc/group";
const MAX_GID = 4_294_967_294;

/**
 * The number of a group, by its name in this machine's list, or by the number itself.
 *
 * @param option names it, for errors
 * @throws SignetError `usage` for a name that is not in the list
 */
export async function groupId(group: string, option: string): Promise<number> {
  if (/^\d{1,10}$/.test(group) && Number(group) <= MAX_GID) return Number(group);
  const lines = ((await readTrustedText("input", GROUPS, "usage")) ?? "").split("\n").map((line) => line.split(":"));
  const gid = lines.find(([name]) => name === group)?.[2];
  if (gid !== undefined && /^\d+$/.test(gid)) return Number(gid);
  const words = `${option}: there is no group of this name in ${GROUPS}; give its number, which \`getent group NAME\` shows`;
  throw new SignetError("usage", words);
}
