import { statfs } from "node:fs/promises";
import { askPresence } from "./presence.js";
import { type HolderState, type ProcessIdentity, parseIdentity, processIdentity, stateAt } from "./process-identity.js";

/**
 * Tells whether a process that holds something in a folder still lives. Dead is only what is proven dead: nothing is ever taken from
 * a process that is slow, or that runs where this one cannot look.
 *
 * @param folder where it listens as long as it holds something
 */
export async function stateOfHolder(identity: string, folder: string): Promise<HolderState> {
  const [mine, theirs] = [parseIdentity(processIdentity()), parseIdentity(identity)];
  if (mine === undefined || theirs === undefined) return "unknown";
  const state = stateAt(mine, theirs);
  if (state !== "unknown") return state;
  const presence = await askPresence(folder, identity);
  if (presence === "answers") return "alive";
  // Of another machine that shares this folder a socket is refused too, and its holder may live.
  if (presence === "refused" && mine.boot !== "" && mine.boot === theirs.boot) return "gone";
  return (await isOfEarlierBoot(mine, theirs, folder)) ? "gone" : "unknown";
}

/**
 * Whether a process ran before this machine was started anew. A machine's id and name can both be copied, with a disk or an image:
 * that the folder is on no network has to be known as well.
 */
export async function isOfEarlierBoot(mine: ProcessIdentity, theirs: ProcessIdentity, folder: string): Promise<boolean> {
  if (mine.boot === "" || theirs.boot === "" || mine.boot === theirs.boot || mine.host !== theirs.host) return false;
  const isSameMachine = theirs.machine === undefined || (mine.machine !== "" && mine.machine === theirs.machine);
  return isSameMachine && (await isLocal(folder));
}

// statfs(2). Only one kernel at a time has one of these mounted; NFS, CIFS, Ceph, 9p and FUSE may be shared with others.
const LOCAL: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0x2fc12fc1, // ZFS
  0xf2f52010, // F2FS
  0x01021994, // tmpfs
  0x794c7630, // overlayfs, a container's own
]);

async function isLocal(folder: string): Promise<boolean> {
  try {
    return LOCAL.has((await statfs(folder)).type);
  } catch {
    return false;
  }
}
