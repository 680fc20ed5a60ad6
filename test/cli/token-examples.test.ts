import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { regionOf } from "../../tools/docs.mjs";
import { freePort } from "../../tools/processes.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";
import { killServers, served } from "./server-process.js";

/** The lines of examples/ that keep a token in a file, run once each against a served issuer: only places are put in. */
const example = (name: string) => readFile(fileURLToPath(new URL(`../../examples/${name}`, import.meta.url)), "utf8");
const scratch = scratchDirectories();
let [home, issuer]: [string, string] = ["", ""];

beforeAll(async () => {
  home = await scratch();
  const port = await freePort();
  issuer = `http://localhost:${port}`;
  expect((await signet(["init", "--issuer", issuer], { cwd: home })).code).toBe(0);
  await writeFile(join(home, "secret"), (await signet(["callers", "add", "web"], { cwd: home })).stdout.trim(), { mode: 0o600 });
  await served(home, [], ["--port", String(port)]);
});
afterAll(killServers);

const own = String(process.getegid?.());

/** The words of a command as they would be here, for one token. */
function here(words: readonly string[]): string[] {
  return words
    .filter((word) => word !== "--watch")
    .map((word) =>
      word
        .replace("https://issuer.example", issuer)
        .replace(/(\/secret\/secret|\/etc\/signet\/token\.secret|web\.secret)$/, join(home, "secret"))
        .replace(/^ci\.secret$/, join(home, "ci.secret"))
        .replace(/\/run\/signet-token\/token$/, join(home, "held"))
        .replace(/^--group=.*/, `--group=${own}`),
    );
}

async function assertHeld(words: readonly string[], check: readonly string[], claims: object): Promise<void> {
  const ran = await signet(here(words), { cwd: home });
  expect(ran.code, ran.stderr).toBe(0);
  expect(decodeJwt(await readFile(join(home, "held"), "utf8"))).toMatchObject({ iss: issuer, ...claims });
  expect((await signet(here(check), { cwd: home })).code).toBe(0);
}

describe("the examples of a token's file", () => {
  it("hold in the sidecar, with its probes", async () => {
    const { spec } = parse(await example("client/sidecar.yaml"));
    const [{ args, startupProbe, livenessProbe }] = spec.initContainers;
    for (const { exec } of [startupProbe, livenessProbe]) {
      expect(exec.command.slice(0, 2)).toStrictEqual(["/nodejs/bin/node", "/opt/signet/bin/signet"]);
      await assertHeld(args, exec.command.slice(2), { sub: "app", aud: "my-api" });
    }
  });

  it("hold in systemd's unit", async () => {
    const unit = await example("systemd/signet-token.service");
    const variables = new Map(
      [...unit.matchAll(/^Environment="(\w+)=(.*)"$/gm)].map(([, name, value]) => [`$${name}`, value ?? ""]),
    );
    const lines = [...unit.matchAll(/^Exec(?:StartPre|Start)=\/usr\/bin\/node \/opt\/signet\/bin\/signet (.*)$/gm)];
    expect(lines).toHaveLength(2);
    for (const [, line = ""] of lines) {
      const words = line.split(" ").flatMap((word) => (variables.get(word) ?? word).split(" "));
      await assertHeld(words, ["token", "--check", "--file=/run/signet-token/token"], { sub: "app" });
    }
  });

  it("hold on the page", async () => {
    const text = await example("client/files.sh");
    const words = (region: string): string[] => regionOf(text, region).replaceAll("\\\n", " ").trim().split(/\s+/).slice(1);
    const [, limits = "", add = ""] =
      /^echo '(.*)' > ci-limits\.json\n\(umask 077; signet (.*) > ci\.secret\)$/.exec(regionOf(text, "caller").trim()) ?? [];
    await writeFile(join(home, "ci-limits.json"), limits);
    const added = await signet(add.split(" "), { cwd: home });
    expect(added.code, added.stderr).toBe(0);
    await writeFile(join(home, "ci.secret"), added.stdout, { mode: 0o600 });
    await assertHeld(words("watch"), words("check"), { sub: "ci", aud: "sts.amazonaws.com" });
    const once = words("once");
    expect(once.slice(-2)).toStrictEqual(["--file", "token"]);
    await assertHeld([...once.slice(0, -1), "/run/signet-token/token"], words("check"), { aud: "my-api" });
  });
});
