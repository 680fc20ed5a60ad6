import { readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { folderIssuer } from "../../src/console/folder-issuer.js";
import type { IssuerAtHand } from "../../src/console/issuer-at-hand.js";
import { SignetError } from "../../src/errors.js";
import type { Keyring } from "../../src/keyring/keyring.js";
import { loadInstallation } from "../../src/operator/load-installation.js";
import { signet } from "../cli/command.js";
import { issuerFolders } from "../cli/issuer-folders.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { clockByHand, consoleAt, consoleOf, surroundingsAt } from "./fixture.js";

const issuerAt = issuerFolders(scratchDirectories(), ["--issuer", "https://issuer.example"]);

type Console = Awaited<ReturnType<typeof consoleOf>>;
const opened: Console[] = [];
afterEach(async () => {
  for (const page of opened.splice(0)) {
    await page.close();
    expect(page.unexpected).toStrictEqual([]);
  }
});
async function entered(page: Console): Promise<Console> {
  opened.push(page);
  await page.enter();
  return page;
}

const keyringIn = async (cwd: string): Promise<Keyring> =>
  JSON.parse(await readFile(join(cwd, ".signet/keyring.json"), "utf8")) as Keyring;
const activeIn = async (cwd: string) => (await keyringIn(cwd)).keys.find(({ state }) => state === "active")?.publicJwk?.kid ?? "";
/** Another manager of a process has the lease. */
const withLease = (keyring: Keyring, holder: string, manager = "another"): Keyring => {
  const generation = keyring.leases + 1;
  return {
    ...keyring,
    leases: generation,
    lease: { holder, manager, generation, expiresAt: Math.floor(Date.now() / 1_000) + 300 },
  };
};

describe("a rotation at the console", () => {
  it("is shown before it is done, by the manager's dry run, and nothing is changed by that", async () => {
    const cwd = await issuerAt();
    const page = await entered(await consoleAt(cwd));
    const before = await readFile(join(cwd, ".signet/keyring.json"), "utf8");
    const dry = await signet(["keys", "rotate", "--dry-run"], { cwd });
    const { status, json } = await page.call("/api/preview", { change: "rotate" });
    expect(status).toBe(200);
    expect(json).toMatchObject({ tokensAtRisk: null, confirm: null, preview: expect.stringMatching(/^[\w-]{22}$/) });
    // The same sentences as the command's, which are the manager's.
    for (const line of dry.stderr.split("\n").filter((each) => each.startsWith("would "))) expect(json.sentences).toContain(line);
    expect(json.sentences.some((words: string) => words.startsWith("the rotation would be scheduled"))).toBe(true);
    const { json: keys } = await page.call("/api/keys");
    expect(json.lives.lives.length).toBeGreaterThan(keys.lives.lives.length - 1);
    expect(await readFile(join(cwd, ".signet/keyring.json"), "utf8")).toBe(before);
  });

  it("is done as the command does it, and told step by step", async () => {
    const cwd = await issuerAt();
    const page = await entered(await consoleAt(cwd));
    const { json } = await page.call("/api/preview", { change: "rotate" });
    const { status, headers, lines } = await page.change({ preview: json.preview });
    expect({ status, type: headers["content-type"] }).toStrictEqual({ status: 200, type: "application/x-ndjson" });
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.slice(0, -1).every((line) => typeof line.step === "string")).toBe(true);
    const { done } = lines.at(-1) as unknown as {
      done: { sentences: string[]; keys: { keys: { state: string }[]; sentence: string } };
    };
    expect(done.sentences.some((words) => words.startsWith("done: make a standby key"))).toBe(true);
    expect(done.keys.keys.map(({ state }) => state)).toStrictEqual(["active", "pending", "pending"]);
    const history = await signet(["keys", "history", "--json"], { cwd });
    expect((JSON.parse(history.stdout) as { entries: { event: string }[] }).entries.map(({ event }) => event)).toContain(
      "rotation.requested",
    );
    expect((await keyringIn(cwd)).lease).toBeNull();
  });

  it("that was looked at is done once", async () => {
    const cwd = await issuerAt();
    const page = await entered(await consoleAt(cwd));
    const { json } = await page.call("/api/preview", { change: "rotate" });
    const both = await Promise.all([page.change({ preview: json.preview }), page.change({ preview: json.preview })]);
    expect(both.map(({ status }) => status).sort()).toStrictEqual([200, 409]);
    const again = await page.change({ preview: json.preview });
    expect(again).toMatchObject({ status: 409, json: { error: { code: "keyring_conflict" } } });
  });

  it("that was done is told as done, though the keys cannot be read afterwards", async () => {
    const cwd = await issuerAt();
    const surroundings = surroundingsAt(cwd);
    const issuer = await folderIssuer(surroundings, undefined, () => undefined);
    const survey: typeof issuer.survey = async () => {
      throw new SignetError("aws_access_denied", "the session has ended");
    };
    const page = await entered(await consoleOf({ ...issuer, survey }, { surroundings }));
    const { json } = await page.call("/api/preview", { change: "rotate" });
    const { lines } = await page.change({ preview: json.preview });
    expect(lines.at(-1)).toStrictEqual({ done: { sentences: expect.any(Array), keys: null } });
    expect((await keyringIn(cwd)).rotationRequest).not.toBeNull();
  });

  it("and a revocation that were looked at together are done one after the other, and the second is refused", async () => {
    const cwd = await issuerAt();
    const kid = await activeIn(cwd);
    const page = await entered(await consoleAt(cwd));
    const rotation = (await page.call("/api/preview", { change: "rotate" })).json.preview;
    const revocation = (await page.call("/api/preview", { change: "revoke", kid })).json.preview;
    const [rotated, revoked] = await Promise.all([
      page.change({ preview: rotation }),
      page.change({ preview: revocation, confirm: kid }),
    ]);
    expect(rotated.lines.at(-1)).toHaveProperty("done");
    expect(revoked).toMatchObject({ status: 409, json: { error: { code: "keyring_conflict" } } });
    expect(await activeIn(cwd)).toBe(kid);
  });

  it("is refused where what was looked at is too old when it is to be done, as after this machine has slept", async () => {
    const cwd = await issuerAt();
    const surroundings = surroundingsAt(cwd);
    const clock = clockByHand();
    const issuer = await folderIssuer(surroundings, undefined, () => undefined);
    let sleeps = false;
    const changer: typeof issuer.changer = async (onStep) => {
      if (sleeps) clock.move(600_000);
      return issuer.changer(onStep);
    };
    const page = await entered(await consoleOf({ ...issuer, changer }, { surroundings, clock }));
    const { json } = await page.call("/api/preview", { change: "rotate" });
    sleeps = true;
    expect((await page.change({ preview: json.preview })).json.error.code).toBe("keyring_conflict");
    expect((await keyringIn(cwd)).rotationRequest).toBeNull();
  });

  it("is good until another thing happens by itself: what waits now would be done then", async () => {
    const cwd = await issuerAt();
    const surroundings = surroundingsAt(cwd);
    const clock = clockByHand();
    const issuer = await folderIssuer(surroundings, undefined, () => undefined);
    const changer: typeof issuer.changer = async (onStep) => {
      const own = await issuer.changer(onStep);
      const nextAt = Math.floor(Date.now() / 1_000) + 120;
      return { ...own, rotate: async (request) => ({ ...(await own.rotate(request)), nextAt }) };
    };
    const page = await entered(await consoleOf({ ...issuer, changer }, { surroundings, clock }));
    const old = (await page.call("/api/preview", { change: "rotate" })).json.preview;
    clock.move(121_000);
    expect((await page.change({ preview: old })).json.error.code).toBe("keyring_conflict");
    const { json } = await page.call("/api/preview", { change: "rotate" });
    clock.move(60_000);
    expect((await page.change({ preview: json.preview })).lines.at(-1)).toHaveProperty("done");
  });

  it("is refused where the keys have changed since, and where it was looked at too long ago", async () => {
    const cwd = await issuerAt();
    const clock = clockByHand();
    const page = await entered(await consoleAt(cwd, { clock }));
    const { json: old } = await page.call("/api/preview", { change: "rotate" });
    clock.move(600_000);
    expect((await page.change({ preview: old.preview })).json.error.code).toBe("keyring_conflict");
    const { json } = await page.call("/api/preview", { change: "rotate" });
    expect((await signet(["keys", "rotate"], { cwd })).code).toBe(0);
    const before = await readFile(join(cwd, ".signet/keyring.json"), "utf8");
    const refused = await page.change({ preview: json.preview });
    expect(refused).toMatchObject({ status: 409, json: { error: { code: "keyring_conflict" } } });
    expect(refused.json.error.message).toContain("look again");
    expect(await readFile(join(cwd, ".signet/keyring.json"), "utf8")).toBe(before);
  });
});

describe("a revocation at the console", () => {
  it("says which tokens it breaks, wants the kid typed, and is done as the command does it", async () => {
    const cwd = await issuerAt();
    const kid = await activeIn(cwd);
    const page = await entered(await consoleAt(cwd));
    const { json } = await page.call("/api/preview", { change: "revoke", kid, reason: "a test" });
    expect(json).toMatchObject({ confirm: kid, tokensAtRisk: { isNone: false } });
    expect(json.tokensAtRisk.words).toMatch(
      /^tokens at risk: all that it signed from .*; the last ends .*\. caches may still hold it/,
    );
    expect(json.sentences.some((words: string) => words.startsWith("warning: "))).toBe(true);
    expect(json.lives.lives.find(({ name }: { name: string }) => name === kid).end).toBe("revoked");
    for (const confirm of [undefined, "", kid.slice(1), kid.toUpperCase()]) {
      const untyped = await page.change({ preview: json.preview, ...(confirm !== undefined && { confirm }) });
      expect(untyped).toMatchObject({ status: 400, json: { error: { code: "usage", field: "confirm" } } });
    }
    expect(await activeIn(cwd)).toBe(kid);
    // What was not typed is looked at still.
    const { lines } = await page.change({ preview: json.preview, confirm: kid });
    expect(lines.at(-1)).toHaveProperty("done");
    expect(await activeIn(cwd)).not.toBe(kid);
    expect((await signet(["keys", "history"], { cwd })).stdout).toMatch(/key\.revoked.*a test/);
  });

  it("of a standby breaks no token, and of no key is refused", async () => {
    const cwd = await issuerAt();
    const page = await entered(await consoleAt(cwd));
    const standby = (await keyringIn(cwd)).keys.find(({ state }) => state === "pending")?.publicJwk?.kid ?? "";
    // Whoever has stolen it can sign, and caches take what it signs for a while.
    expect((await page.call("/api/preview", { change: "revoke", kid: standby })).json.tokensAtRisk).toMatchObject({
      isNone: true,
      words: expect.stringMatching(/^it has signed no token here\. caches may still hold it, and accept its tokens, until /),
    });
    for (const kid of ["x", "__proto__", "constructor", standby.slice(0, 8)]) {
      const refused = await page.call("/api/preview", { change: "revoke", kid });
      expect(refused).toMatchObject({ status: 404, json: { error: { code: "key_not_found" } } });
    }
  });
});

describe("beside another manager", () => {
  it("says that it is at work, and nothing is changed", async () => {
    const cwd = await issuerAt();
    const page = await entered(await consoleAt(cwd));
    const { json } = await page.call("/api/preview", { change: "rotate" });
    const { stores } = await loadInstallation(surroundingsAt(cwd), undefined);
    const found = await stores.keyring.read();
    if (found === undefined) throw new Error("there is no keyring");
    const held = withLease(found.keyring, stores.holder());
    const tag = await stores.keyring.write(held, found.tag);
    const refused = await page.change({ preview: json.preview });
    expect(refused).toMatchObject({ status: 409, json: { error: { code: "lease_held" } } });
    expect(refused.json.error.message).toContain("another manager of this process is changing keys: try again later");
    expect((await keyringIn(cwd)).rotationRequest).toBeNull();
    await stores.keyring.write({ ...held, lease: null }, tag);
  });

  it("says that the lease was lost where another one has taken over meanwhile, as what it is", async () => {
    const cwd = await issuerAt();
    const surroundings = surroundingsAt(cwd);
    const issuer = await folderIssuer(surroundings, undefined, () => undefined);
    const path = join(cwd, ".signet/keyring.json");
    let isTaken = false;
    const robbed: IssuerAtHand = {
      ...issuer,
      changer: (onStep) =>
        issuer.changer((words) => {
          onStep(words);
          if (isTaken) return;
          isTaken = true;
          const keyring = JSON.parse(readFileSync(path, "utf8")) as Keyring;
          writeFileSync(path, JSON.stringify(withLease(keyring, keyring.lease?.holder ?? "")));
        }),
    };
    const page = await entered(await consoleOf(robbed, { surroundings }));
    const { json } = await page.call("/api/preview", { change: "rotate" });
    const { status, lines } = await page.change({ preview: json.preview });
    expect(status).toBe(200);
    expect(isTaken).toBe(true);
    expect(lines.at(-1)).toMatchObject({
      error: { code: "lease_lost", message: expect.stringContaining("another manager has taken over") },
    });
  });
});

describe("who may not write the keys", () => {
  it("is told so before anything is tried", async () => {
    const cwd = await issuerAt();
    const surroundings = surroundingsAt(cwd);
    const issuer = await folderIssuer(surroundings, undefined, () => undefined);
    const page = await entered(
      await consoleOf({ ...issuer, rights: async () => ({ rotate: "why", revoke: "why" }) }, { surroundings }),
    );
    expect((await page.call("/api/keys")).json.rights).toStrictEqual({ rotate: "why", revoke: "why" });
    const own = await entered(await consoleAt(cwd));
    expect((await own.call("/api/keys")).json.rights).toStrictEqual({ rotate: true, revoke: true });
  });

  it("where the other side makes the keys, is told what to do instead", async () => {
    const cwd = await issuerAt();
    const path = join(cwd, "signet.json");
    const config = JSON.parse(await readFile(path, "utf8")) as object;
    const page = await entered(await consoleAt(cwd));
    expect((await page.call("/api/keys")).json.rights.rotate).toBe(true);
    // The config is read again when it was edited.
    writeFileSync(path, JSON.stringify({ ...config, for: ["github-app"] }));
    expect((await page.call("/api/keys")).json.rights.rotate).toContain("makes the keys itself");
    const refused = await page.call("/api/preview", { change: "rotate" });
    expect(refused).toMatchObject({ status: 409, json: { error: { code: "plan_refused" } } });
  });
});
