/** Where the sessions of docs/transcripts/fake are played: the strict fake of AWS, in a process of its own, and an `aws` that speaks to it. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/**
 * Starts it.
 *
 * @returns {Promise<{ env: Readonly<Record<string, string>>, stop: () => void }>} the environment of a session, and what ends it
 */
export async function startFakeForSessions() {
  const commands = mkdtempSync(join(tmpdir(), "signet-aws-"));
  const program = join(root, "test/fakes/aws/aws-cli.mjs");
  writeFileSync(join(commands, "aws"), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, { mode: 0o700 });
  const fake = spawn(process.execPath, [join(root, "test/fakes/aws/serve.mjs")], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: fake.stdout });
  const line = /** @type {string} */ (await new Promise((resolve) => lines.once("line", resolve)));
  return {
    env: {
      ...JSON.parse(line),
      PATH: `${commands}:${process.env.PATH}`,
      // Where AWS settles, a command waits: here its clock jumps ahead instead.
      NODE_OPTIONS: `--import=${join(root, "test/rotation/processes/short-waits.mjs")}`,
    },
    stop() {
      fake.kill();
      rmSync(commands, { recursive: true, force: true });
    },
  };
}
