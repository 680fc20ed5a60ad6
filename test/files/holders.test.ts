import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stateOfHolder } from "../../src/files/holder-state.js";
import { breakLock, locksIn } from "../../src/files/locks.js";
import { announcePresence, askPresence, presenceOf, removeDeadPresences } from "../../src/files/presence.js";
import { processIdentity } from "../../src/files/process-identity.js";
import { withProcessLock } from "../../src/files/process-lock.js";
import { removeDeadWrites, temporaryBeside, writtenUnder } from "../../src/files/temporary.js";
import { createFileStores } from "../../src/storage/file/stores.js";
import { keyringFor } from "../contracts/keyring-fixture.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { until } from "../contracts/until.js";

const scratch = scratchDirectories();
const NONCE = "0123456789abcdef";
const [, ownBoot = "", , ownMachine = ""] = processIdentity().split("/");
const children: ChildProcess[] = [];
let folder: string;
let lock: string;

beforeEach(async () => {
  folder = await scratch();
  lock = join(folder, "lock");
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A process of another container on this machine: another host name and pid namespace, the same kernel. */
function inAnotherContainer({ host = "web-2", boot = ownBoot, machine = ownMachine } = {}): string {
  return [host, boot, "pid:[1]", machine, "17", "1234"].join("/");
}

async function lockedBy(identity: string): Promise<void> {
  await writeFile(lock, JSON.stringify({ process: identity, nonce: NONCE }));
}

/** Somebody else who listens where the holder would. */
async function listener(identity: string, where = folder): Promise<ChildProcess> {
  const script = 'require("net").createServer().listen(process.argv[1], () => console.log("listening"))';
  const child = spawn(process.execPath, ["-e", script, presenceOf(where, identity)], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  await once(child.stdout, "data");
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

const enter = () => withProcessLock(lock, async () => "entered", { waitMilliseconds: 0 });

describe.runIf(process.platform === "linux")(
  "a socket that refuses, left by a failing disk beside what this very process holds",
  () => {
    it("is replaced when it listens again: others would take it for dead", async () => {
      const path = presenceOf(folder, processIdentity());
      const server = createServer().listen(path);
      await once(server, "listening");
      await rename(path, `${path}.kept`);
      await new Promise((resolve) => server.close(resolve));
      await rename(`${path}.kept`, path);
      expect(await askPresence(folder, processIdentity())).toBe("refused");
      const leave = await announcePresence(folder);
      expect(await askPresence(folder, processIdentity())).toBe("answers");
      await leave();
      expect(await readdir(folder)).toStrictEqual([]);
    });
  },
);

describe.runIf(process.platform === "linux")("a lock that is held in another container", () => {
  it("is never taken from a holder that answers, not even from a stopped one, and at once from a dead one", async () => {
    const identity = inAnotherContainer();
    const holder = await listener(identity);
    await lockedBy(identity);
    await expect(enter()).rejects.toMatchObject({
      code: "store_locked",
      message: expect.stringContaining("17 of web-2 is working"),
    });
    holder.kill("SIGSTOP");
    await expect(enter()).rejects.toMatchObject({ code: "store_locked" });
    await killed(holder);
    expect(await enter()).toBe("entered");
  });

  it("is left where its holder listens nowhere, with its age and what a person can do", async () => {
    await lockedBy(inAnotherContainer());
    await utimes(lock, new Date(), new Date(Date.now() - 7_200_000));
    await expect(enter()).rejects.toMatchObject({
      message: expect.stringMatching(/process 17 of web-2 for 2 hours.*signet keys unlock web-2:17`$/),
    });
    expect(await readFile(lock, "utf8")).toContain(NONCE);
  });

  it("is unlocked by a person, and that one alone", async () => {
    lock = join(folder, "file.lock");
    await lockedBy(inAnotherContainer());
    const [held] = await locksIn(folder);
    expect(held).toMatchObject({ state: "unknown", holder: { nonce: NONCE } });
    if (held !== undefined) await breakLock(held);
    expect(await enter()).toBe("entered");
    await lockedBy(processIdentity());
    if (held !== undefined) await breakLock({ ...held, holder: { ...held.holder, nonce: "fedcba9876543210" } });
    expect(await readFile(lock, "utf8")).toContain(NONCE);
  });
});

describe.runIf(process.platform === "linux")("of another boot", () => {
  const boot = "00000000-0000-4000-8000-000000000000";

  it("a holder on this machine is dead, also in the words of the version before", async () => {
    const host = hostname();
    expect(await stateOfHolder(inAnotherContainer({ host, boot }), folder)).toBe("gone");
    expect(await stateOfHolder([host, boot, "pid:[4026531836]", "17", "1234"].join("/"), folder)).toBe("gone");
    await lockedBy(inAnotherContainer({ host, boot }));
    expect(await enter()).toBe("entered");
  });

  it.each([
    ["another host", { host: "web-2", boot }],
    ["a host of that name that is another machine", { host: hostname(), boot, machine: "0123456789abcdef" }],
    ["a host of that name that has no machine id", { host: hostname(), boot, machine: "" }],
    ["an unknown boot", { host: hostname(), boot: "" }],
  ])("a holder of %s is not judged, not even by a socket that refuses", async (_who, place) => {
    const identity = inAnotherContainer(place);
    expect(await stateOfHolder(identity, folder)).toBe("unknown");
    await killed(await listener(identity));
    expect(await askPresence(folder, identity)).toBe("refused");
    expect(await stateOfHolder(identity, folder)).toBe("unknown");
  });

  it("a holder on a file system that others may have mounted is not judged", async () => {
    // /proc stands for NFS and the like: it is on no list of local ones.
    expect(await stateOfHolder(inAnotherContainer({ host: hostname(), boot }), "/proc")).toBe("unknown");
  });
});

describe.runIf(process.platform === "linux")("of this very place", () => {
  it("a zombie is dead", async () => {
    // A child of sleep, which asks for no child's end.
    const script = "exec 3<&0; cat <&3 >/dev/null & echo $!; exec sleep 600 </dev/null";
    const parent = spawn("sh", ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
    children.push(parent);
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    await until("sleep in the shell's place", () => readFileSync(`/proc/${parent.pid}/comm`, "utf8") === "sleep\n");
    parent.stdin.end();
    const stat = () => readFileSync(`/proc/${pid}/stat`, "utf8");
    await until("the zombie", () => stat().split(") ")[1]?.[0] === "Z");
    const started = stat().split(") ")[1]?.split(" ")[19] ?? "";
    const identity = [...processIdentity().split("/").slice(0, 4), pid, started].join("/");
    expect(await stateOfHolder(identity, folder)).toBe("gone");
  });
});

describe.runIf(process.platform !== "win32")("a holder's socket", () => {
  it("is there while something is held, in a folder however long its name is", async () => {
    const long = join(folder, "a".repeat(120), "b".repeat(120));
    await mkdir(long, { recursive: true });
    const leave = await announcePresence(long);
    const again = await announcePresence(long);
    expect(await askPresence(long, processIdentity())).toBe("answers");
    await leave();
    expect(await askPresence(long, processIdentity())).toBe("answers");
    await again();
    expect(await readdir(long)).toStrictEqual([]);
  });

  it("stands beside the keyring as long as this process holds the lease", async () => {
    const { keyring: store, stateOfHolder: state, holder } = createFileStores(folder);
    const keyring = keyringFor([]);
    const lease = { holder: holder(), manager: "m", generation: 1, expiresAt: 4_000_000_000 };
    const tag = await store.write({ ...keyring, lease }, null);
    expect(await askPresence(folder, holder())).toBe("answers");
    expect(await state(holder())).toBe("alive");
    await store.write({ ...keyring, lease: null }, tag);
    expect(await readdir(folder)).toStrictEqual(["keyring.json"]);
  });

  it("of a dead process goes, once nothing is locked", async () => {
    const [dead, living] = [inAnotherContainer({ host: "web-2" }), inAnotherContainer({ host: "web-3" })];
    await listener(living);
    await killed(await listener(dead));
    await writeFile(join(folder, "x.lock"), "");
    await removeDeadPresences(folder);
    expect(await readdir(folder)).toHaveLength(3);
    await rm(join(folder, "x.lock"));
    await removeDeadPresences(folder);
    expect(await readdir(folder)).toStrictEqual([presenceOf(folder, living).slice(folder.length + 1)]);
  });
});

describe("what a dead process was writing", () => {
  const HEX = "0123456789ab";

  it("goes at the next sweep; what a living one writes stays, and what is unknown, for a day", async () => {
    const mine = temporaryBeside(join(folder, "signet.json"));
    const own = mine.split("/").at(-1) as string;
    const dead = own.replace(`-${process.pid}-`, "-999999999-");
    const files = { own, dead, old: `b.key.${HEX}.tmp`, young: `c.key.${HEX}.tmp`, lock: `.lock.${HEX}.tmp`, other: "d.tmp" };
    for (const name of Object.values(files)) await writeFile(join(folder, name), "");
    const gone = [...processIdentity().split("/").slice(0, 4), "999999999", "1"].join("/");
    await writeFile(join(folder, files.lock), JSON.stringify({ process: gone, nonce: NONCE }));
    await utimes(join(folder, files.old), new Date(), new Date(Date.now() - 90_000_000));
    await removeDeadWrites(folder);
    expect((await readdir(folder)).sort()).toStrictEqual([files.own, files.young, files.other].sort());
    expect([own, files.old, files.other].map(writtenUnder)).toStrictEqual(["signet.json", "b.key", undefined]);
  });

  it("goes beside one file alone where that is asked: the folder around it is other programs' too", async () => {
    const dead = (name: string) => temporaryBeside(join(folder, name)).replace(`-${process.pid}-`, "-999999999-");
    for (const name of ["signet.json", "other.json"]) await writeFile(dead(name), "");
    await removeDeadWrites(folder, (name) => name === "signet.json");
    expect((await readdir(folder)).map(writtenUnder)).toStrictEqual(["other.json"]);
  });

  it("has a name that fits, wherever it runs", () => {
    expect(temporaryBeside(`/${"a".repeat(36)}.key`).length).toBeLessThan(150);
  });
});
