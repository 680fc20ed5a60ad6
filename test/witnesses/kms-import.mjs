/**
 * A key that openssl made goes into the fake KMS by the built command; Python's cryptography unwraps what was handed over, and finds the
 * file's own numbers.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { commandOf } from "./toolchains.mjs";

const run = promisify(execFile);
const SIGNET = fileURLToPath(new URL("../../bin/signet", import.meta.url));

/** Each as openssl writes it: PKCS#1, SEC 1, PKCS#8. */
const KEYS = [
  { name: "RSA 2048, PKCS#1", make: ["genrsa", "-traditional", "2048"] },
  { name: "RSA 3072, PKCS#8", make: ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"] },
  { name: "P-256, SEC 1", make: ["ecparam", "-name", "prime256v1", "-genkey", "-noout"] },
  { name: "P-521, PKCS#8", make: ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"] },
];

/**
 * @param {ReadonlySet<string>} usable the toolchains that are there
 * @returns {Promise<{ passed: number, failures: string[], skipped?: string[] }>}
 */
export async function unwrapByPython(usable) {
  const hasOpenssl = await run("openssl", ["version"]).then(
    () => true,
    () => false,
  );
  if (!hasOpenssl) return { passed: 0, failures: [], skipped: ["openssl not found"] };
  if (!usable.has("python")) return { passed: 0, failures: [] };
  const aws = await startFakeAws();
  try {
    const failures = [];
    for (const key of KEYS)
      if (!(await isUnwrapped(aws, key))) failures.push(`Python unwraps another key than openssl made: ${key.name}`);
    process.stdout.write(`Python: ${KEYS.length - failures.length} of ${KEYS.length} keys for KMS unwrapped\n`);
    return { passed: KEYS.length - failures.length, failures };
  } finally {
    await aws.close();
  }
}

/** @param {Awaited<ReturnType<typeof startFakeAws>>} aws @param {{ make: string[] }} key */
async function isUnwrapped(aws, { make }) {
  const cwd = await mkdtemp(join(tmpdir(), "signet-kms-"));
  try {
    const [command, ...options] = make;
    await run("openssl", [command, "-out", "key.pem", ...options], { cwd });
    const env = { PATH: process.env.PATH, HOME: cwd, ...aws.env };
    const args = ["init", "--issuer", "https://issuer.example", "--custody", "kms", "--import", "key.pem", "--json"];
    const { stdout } = await run(process.execPath, [SIGNET, ...args], { cwd, env });
    const { wrapped, wrappingKey } = aws.state.keys.get(JSON.parse(stdout).kid).handedOver;
    const [python, ...more] = commandOf({ toolchain: "python", program: "unwrap.py" });
    const input = JSON.stringify({
      wrapped,
      wrappingKey: wrappingKey.export({ format: "pem", type: "pkcs8" }),
      file: await readFile(join(cwd, "key.pem"), "utf8"),
    });
    const { aesBits, isSame } = JSON.parse(execFileSync(python, more, { input, encoding: "utf8" }));
    return isSame === true && aesBits === 256;
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}
