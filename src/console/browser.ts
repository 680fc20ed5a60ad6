import { spawn } from "node:child_process";
import type { Environment } from "../config/environment.js";
import { ownMember } from "../encoding/own-member.js";

/** Starts a program that nothing waits for. */
type Start = (command: string, args: readonly string[], env: Environment) => Promise<boolean>;

/** The command of each platform that opens a file with the program that people have chosen for it. */
const OPENERS: Readonly<Record<string, readonly string[]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
  linux: ["xdg-open"],
  freebsd: ["xdg-open"],
};

/** What a browser has no use for, and would keep for as long as it runs. */
const PRIVATE = /^(AWS_|SIGNET_)/;

/**
 * Opens a file in the browser.
 *
 * @param file its path, and never a link: arguments are seen by every user of the machine
 * @returns whether a program was started for it
 */
export async function openInBrowser(
  file: string,
  env: Environment,
  { platform = process.platform, start = startDetached }: { readonly platform?: string; readonly start?: Start } = {},
): Promise<boolean> {
  const [command, ...args] = ownMember(OPENERS, platform) ?? [];
  const hasScreen = command !== "xdg-open" || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
  if (command === undefined || !hasScreen) return false;
  const passed = Object.fromEntries(Object.entries(env).filter(([name]) => !PRIVATE.test(name)));
  return start(command, [...args, file], passed);
}

function startDetached(command: string, args: readonly string[], env: Environment): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { detached: true, stdio: "ignore", env: { ...env } });
    child.once("error", () => resolve(false));
    child.once("spawn", () => resolve(true));
    child.unref();
  });
}
