import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { openInBrowser } from "../../src/console/browser.js";
import { writeRedirectFile } from "../../src/console/redirect-file.js";

const LINK = "http://127.0.0.1:7/#code=QWxs";
const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe("the file that leads to a console", () => {
  it("can be read by this user alone, in a folder of its own, and goes with it", async () => {
    const { path, remove } = await writeRedirectFile(LINK);
    expect([modeOf(path), modeOf(dirname(path))]).toStrictEqual([0o600, 0o700]);
    expect(path).not.toContain("QWxs");
    const text = readFileSync(path, "utf8");
    expect(text).toContain(`content="0; url=${LINK}"`);
    expect(text).toContain('<meta name="referrer" content="no-referrer">');
    remove();
    expect(existsSync(dirname(path))).toBe(false);
    remove();
  });

  it("that is not let go yet fails nothing, and is removed the next time", async () => {
    const failures = [new Error("EBUSY: resource busy or locked")];
    const { path, remove } = await writeRedirectFile(LINK, (folder) => {
      const failure = failures.pop();
      if (failure !== undefined) throw failure;
      rmSync(folder, { recursive: true });
    });
    remove();
    expect(existsSync(path)).toBe(true);
    remove();
    expect(existsSync(dirname(path))).toBe(false);
  });

  it("has another name each time", async () => {
    const [one, two] = await Promise.all([writeRedirectFile(LINK), writeRedirectFile(LINK)]);
    expect(dirname(one.path)).not.toBe(dirname(two.path));
    one.remove();
    two.remove();
  });
});

describe("a browser", () => {
  const started: { command: string; args: readonly string[]; env: object }[] = [];
  const open = (platform: string, env: Record<string, string> = {}) => {
    started.length = 0;
    const start = async (command: string, args: readonly string[], given: object) => {
      started.push({ command, args, env: given });
      return true;
    };
    return openInBrowser("/tmp/x/console.html", env, { platform, start });
  };

  it.each([
    ["linux", { DISPLAY: ":0" }, "xdg-open", []],
    ["linux", { WAYLAND_DISPLAY: "wayland-0" }, "xdg-open", []],
    ["darwin", {}, "open", []],
    ["win32", {}, "rundll32", ["url.dll,FileProtocolHandler"]],
  ])("on %s with %j is opened by %s, with the file as its only word of ours", async (platform, env, command, before) => {
    expect(await open(platform, env)).toBe(true);
    expect(started).toStrictEqual([{ command, args: [...before, "/tmp/x/console.html"], env }]);
  });

  it("is not given this command's secrets, which would live as long as it runs", async () => {
    await open("darwin", { PATH: "/bin", SIGNET_PASSPHRASE: "x", AWS_SECRET_ACCESS_KEY: "x", AWS_PROFILE: "x" });
    expect(started[0]?.env).toStrictEqual({ PATH: "/bin" });
  });

  it.each([
    ["linux", {}],
    ["sunos", { DISPLAY: ":0" }],
    ["__proto__", {}],
  ])("is not looked for on %s with %j: there is none to show it", async (platform, env) => {
    expect(await open(platform, env)).toBe(false);
    expect(started).toStrictEqual([]);
  });

  it("that is not there is told as such", async () => {
    expect(await openInBrowser("/tmp/x", { DISPLAY: ":0", PATH: "/nowhere" }, { platform: "linux" })).toBe(false);
  });
});
