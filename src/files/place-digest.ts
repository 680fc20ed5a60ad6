import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { parseIdentity, processIdentity } from "./process-identity.js";

/** Names a folder of this machine without telling which it is. A container without a machine's id is known by its host name. */
export async function placeDigest(directory: string): Promise<string> {
  const { host = "", machine = "" } = parseIdentity(processIdentity()) ?? {};
  const path = await realpath(directory).catch(() => resolve(directory));
  return createHash("sha256")
    .update(`signet place ${machine || host} ${path}`)
    .digest("base64url");
}
