import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { assemble } from "../../src/assemble.js";
import { checkConfig } from "../../src/config/load.js";
import type { Signer } from "../../src/custody/contract.js";
import type { CustodianFacts } from "../../src/custody/facts.js";
import { CUSTODIES, findCustody } from "../../src/custody/registry.js";
import { createIssuer } from "../../src/issue/issuer.js";
import { createActiveKey, type KeyLocation, openActiveKey, openCustodian } from "../../src/open-custody.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import { quickenPassphrases } from "../contracts/quick-passphrases.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";

const ISSUER = "https://issuer.example";
const scratch = scratchDirectories();
const program = fileURLToPath(new URL("./programs/signer.mjs", import.meta.url));
let aws: Awaited<ReturnType<typeof startFakeAws>>;
let wrapping: string;
let slowDown: () => void;

beforeAll(async () => {
  slowDown = quickenPassphrases();
  aws = await startFakeAws({ isDirect: true });
  wrapping = aws.perform("kms", "CreateKey", {}).KeyMetadata.Arn;
});
afterAll(() => {
  slowDown();
  return aws.close();
});

/** What stands in `signet.json` for the custodians that have a member of their own there. */
const MEMBERS: Readonly<Record<string, (directory: string) => object>> = {
  command: (directory) => ({ program: [program, join(directory, "keys")], signs: true, timeoutSeconds: 300 }),
};

function locationOf({ needsAws, kmsKey, member }: CustodianFacts, directory: string): KeyLocation {
  if (needsAws) return inAws(directory, kmsKey === "wraps" ? { kmsKey: wrapping } : {});
  return { directory, ...(member !== undefined && { [member]: MEMBERS[member]?.(directory) }) };
}

function inAws(directory: string, more: { kmsKey?: string } = {}): KeyLocation {
  const installation = `i-${createHash("sha256").update(directory).digest("hex").slice(0, 16)}`;
  return { directory, aws: { installation, ...more }, env: aws.env };
}

async function issuedBy(signer: Signer): Promise<string | undefined> {
  const { token } = await createIssuer({ signer, issuer: ISSUER }).issue({ claims: { sub: "alice" } });
  const verifier = createVerifier({ keys: { keys: [signer.publicJwk] }, issuer: ISSUER, audience: null });
  return verifier.verify(token).claims.sub;
}

async function named(names: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const name of names) found.push(name.split(".")[0] ?? "");
  return found;
}

describe("a custodian that a program opens without a config file", () => {
  it.each(CUSTODIES)("makes, opens, lists and destroys keys: $name", async (facts) => {
    const custody = facts.name;
    const location = { custody, ...locationOf(facts, await scratch()) };
    const made = await (await openCustodian(location)).createKey("orders", "ES256");
    const custodian = await openCustodian(location);
    expect(await custodian.createKey("orders", "ES256")).toStrictEqual(made);
    const key = { id: "orders", kid: made.kid, alg: made.alg };
    const signer = await custodian.openSigner(key);
    expect(signer.publicJwk).toStrictEqual(made);
    expect(await issuedBy(signer)).toBe("alice");
    // In KMS a name that is not there is looked for again, for three seconds.
    const other = { ...key, kid: custody === "kms" ? made.kid : "other", alg: custody === "kms" ? "ES384" : made.alg } as const;
    await expect(custodian.openSigner(other)).rejects.toMatchObject({ code: "key_mismatch" });
    expect(await named(custodian.listKeys())).toStrictEqual(["orders"]);
    await custodian.destroyKey("orders");
    expect(await named(custodian.listKeys())).toStrictEqual([]);
  });

  it("opens a KMS key that was made elsewhere, by its ARN", async () => {
    const keyArn: string = aws.perform("kms", "CreateKey", { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }).KeyMetadata.Arn;
    const location = inAws(await scratch());
    const signer = await (await openCustodian({ ...location, custody: "kms" })).openSigner({ keyArn, alg: "ES256" });
    expect(await issuedBy(signer)).toBe("alice");
    expect(() => createIssuer({ signer }).issueSync({ claims: {} })).toThrow(
      expect.objectContaining({ code: "key_not_in_memory" }),
    );
    const elsewhere = await openCustodian({ ...location, custody: "secrets-manager" });
    await expect(elsewhere.openSigner({ keyArn, alg: "ES256" })).rejects.toMatchObject({ code: "invalid_key", field: "keyArn" });
  });

  it.each([
    [{ custdy: "kms" }, /did you mean custody/],
    [{ custody: "vault" }, /custody/],
    [{ custody: "kms" }, /needs aws\.installation/],
    [{ custody: "kms", aws: { installation: "orders" } }, /^no AWS region is known: give aws\.region, set AWS_REGION, or/],
    [
      { custody: "kms-data-key", aws: { installation: "orders" } },
      /needs aws\.kmsKey, the symmetric KMS key that wraps the private keys$/,
    ],
    [{ custody: "command" }, /needs the member command/],
    [{ custody: "command", command: { program: "keys" } }, /command\.program is a text; expected a list/],
    [{}, /needs a directory/],
    [{ directory: 5 }, /directory is a number/],
    [{ aws: { instalation: "prod" } }, /aws\.instal/],
    [{ passphrase: "secret" }, /passphrase must be a function/],
    [{ issuer: ISSUER }, /no option "issuer"/],
  ])("refuses a location that is not whole: %j", async (location, message) => {
    await expect(openCustodian({ env: {}, ...(location as object) } as never)).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringMatching(message),
    });
  });

  it.each(CUSTODIES)("takes a passphrase where it encrypts under one, and refuses it elsewhere: $name", async (facts) => {
    const directory = await scratch();
    const location = { custody: facts.name, ...locationOf(facts, directory), passphrase: async () => "correct horse" };
    const opening = openCustodian(location);
    if (facts.takesPassphrase === true) return expect(await opening).toHaveProperty("createKey");
    await expect(opening).rejects.toMatchObject({ code: "config_invalid", field: "passphrase" });
    expect(await readdir(directory)).toStrictEqual([]);
  });

  it.runIf(process.platform !== "win32")("removes what killed writers left, but nothing beside a keyring", async () => {
    const directory = await scratch();
    const left = [".holder-0123456789abcdef.sock", "keys.json.lock.0123456789ab.tmp"];
    const [socket = "", write = ""] = left.map((name) => join(directory, name));
    const server = createServer().listen(`${socket}.made`);
    await once(server, "listening");
    // A server takes its own address away when it closes, and no other name of it.
    await rename(`${socket}.made`, socket);
    await new Promise((resolve) => server.close(resolve));
    await writeFile(write, "{");
    const longAgo = new Date(Date.now() - 2 * 86_400_000);
    await utimes(write, longAgo, longAgo);

    await writeFile(join(directory, "keyring.json"), "{}", { mode: 0o600 });
    const custodian = await openCustodian({ directory });
    await custodian.createKey("a", "ES256");
    expect((await readdir(directory)).sort()).toStrictEqual([...left, "keyring.json", "keys"].sort());
    await rm(join(directory, "keyring.json"));
    await custodian.createKey("b", "ES256");
    // A socket stays as long as something may be locked.
    await custodian.createKey("c", "ES256");
    expect(await readdir(directory)).toStrictEqual(["keys"]);
  });

  it("encrypts no key where the ones that are there are not encrypted", async () => {
    const directory = await scratch();
    await (await openCustodian({ directory })).createKey("a", "ES256");
    const custodian = await openCustodian({ directory, passphrase: async () => "correct horse" });
    // A program knows no variables of the command: it gives options.
    await expect(custodian.createKey("b", "ES256")).rejects.toMatchObject({
      code: "plan_refused",
      message: expect.stringMatching(/leave the option passphrase out(?!.*SIGNET_)/),
    });
    expect(await named(custodian.listKeys())).toStrictEqual(["a"]);
  });

  it("takes no name that leads out of its directory", async () => {
    const custodian = await openCustodian({ directory: await scratch() });
    for (const id of ["../a", "a/b", "", ".", "a\0", 5, undefined] as string[]) {
      await expect(custodian.createKey(id, "ES256")).rejects.toMatchObject({ code: "invalid_key", field: "id" });
      await expect(custodian.destroyKey(id)).rejects.toMatchObject({ code: "invalid_key", field: "id" });
      await expect(custodian.openSigner({ id, kid: "k", alg: "ES256" })).rejects.toMatchObject({
        code: expect.stringMatching(/^(invalid_key|config_invalid)$/),
      });
    }
    await expect(custodian.createKey("a", "HS256" as never)).rejects.toMatchObject({ code: "unsupported_algorithm" });
  });
});

describe("what a program says by its options", () => {
  it("counts wherever it stands: on the object, on what it inherits from, behind a getter", async () => {
    const directory = await scratch();
    class Location {
      get directory() {
        return directory;
      }
    }
    const hidden = Object.defineProperty({}, "directory", { value: directory, enumerable: false });
    for (const [at, location] of [Object.create({ directory }), new Location(), hidden].entries()) {
      await (await openCustodian(location)).createKey(`key-${at}`, "ES256");
    }
    expect((await readdir(join(directory, "keys"))).filter((name) => name.endsWith(".key"))).toHaveLength(3);
  });

  it("is asked for by the name of the option, where there is none for keys that are encrypted", async () => {
    const directory = await scratch();
    const custodian = await openCustodian({ directory, passphrase: async () => "correct horse" });
    const { kid, alg } = await custodian.createKey("a", "ES256");
    const without = await openCustodian({ directory });
    const asked = { code: "passphrase_required", message: expect.stringMatching(/give the option passphrase(?!.*SIGNET_)/) };
    await expect(without.openSigner({ id: "a", kid, alg: alg as "ES256" })).rejects.toMatchObject(asked);
    await expect(without.createKey("b", "ES256")).rejects.toMatchObject(asked);
  });

  it.each([null, false, 5, {}, "", new Uint8Array([1, 2])])("is no passphrase where its function answers %j", async (answer) => {
    const directory = await scratch();
    const custodian = await openCustodian({ directory, passphrase: async () => answer as string });
    await expect(custodian.createKey("a", "ES256")).rejects.toMatchObject({ code: "config_invalid", field: "passphrase" });
    await expect(readdir(join(directory, "keys")).catch(() => [])).resolves.not.toContain("a.key");
  });

  it.each([
    ["no list", undefined, "active_document_damaged"],
    ["no document", [null], "active_document_damaged"],
    ["a document without a sequence", [{ kid: "k", alg: "ES256", maxTtlSeconds: 60, material: {} }], "active_document_damaged"],
    ["what JSON cannot hold", [{ sequence: 1n }], "active_document_damaged"],
    [
      "a document that open opens as another key",
      [{ sequence: 1, kid: "k", alg: "ES256", maxTtlSeconds: 60, material: {} }],
      "key_mismatch",
    ],
  ])("is checked where read answers %s", async (_what, documents, code) => {
    const signer = createActiveKey({
      read: async () => documents as never,
      open: async () => ({ kid: "other", alg: "ES256", sign: () => Buffer.alloc(64) }) as unknown as Signer,
      maxAgeSeconds: 600,
    });
    await expect(createIssuer({ signer }).issue({ claims: {} })).rejects.toMatchObject({ code });
  });

  it("names the clock where that is wrong", async () => {
    const signer = createActiveKey({
      read: async () => [],
      open: async () => ({}) as Signer,
      maxAgeSeconds: 600,
      clock: () => Number.NaN,
    });
    await expect(createIssuer({ signer }).issue({ claims: {} })).rejects.toMatchObject({ code: "clock_untrusted" });
  });
});

describe("the active key of an installation, without its config file", () => {
  const settings = { issuer: ISSUER, rotation: { rotateEverySeconds: 0 } };

  it.each(["file", "kms"])("signs, and follows a rotation: %s", async (custody) => {
    const { env, ...location } = locationOf(findCustody(custody) as CustodianFacts, await scratch());
    let now = 1_800_000_000;
    const clock = () => now;
    const { passphrase, ...members } = location;
    const installation = await assemble(checkConfig({ custody, ...settings, ...members }, "signet.json", { env: {} }), {
      passphrase,
      env,
      clock,
    });
    const sleep = async (seconds: number) => {
      now += seconds;
    };
    const manager = await installation.manager({ sleep });
    await manager.tick({ createKeyring: true });

    const signer = await openActiveKey({ ...location, env, clock });
    const issuer = createIssuer({ signer, issuer: ISSUER, clock });
    const first = signer.inUse()?.kid;
    expect((await issuer.issue({ claims: {} })).token).toBeTypeOf("string");
    await manager.applySettings({ rotate: true });
    for (let day = 0; day < 4; day++) {
      now += 86_400;
      await manager.tick();
    }
    const { token } = await issuer.issue({ claims: { sub: "alice" } });
    const jwks = (await installation.stores.publicDocuments.read())?.jwks;
    const verifier = createVerifier({ keys: jwks as never, issuer: ISSUER, audience: null, clock });
    expect(verifier.verify(token).header.kid).not.toBe(first);
    expect(signer.inUse()?.kid).toBe(verifier.verify(token).header.kid);
  });

  it("is not another one's that lies in the present directory", async () => {
    const here = await scratch();
    const config = checkConfig({ ...settings, directory: join(here, ".signet") }, "signet.json", { env: {} });
    await (await (await assemble(config)).manager()).tick({ createKeyring: true });
    const cwd = vi.spyOn(process, "cwd").mockReturnValue(here);
    try {
      expect((await openActiveKey({})).inUse()?.alg).toBe("ES256");
      await expect(openActiveKey({ aws: { installation: "elsewhere" }, env: aws.env })).rejects.toMatchObject({
        code: "no_active_key",
        message: expect.stringContaining("the installation elsewhere"),
      });
    } finally {
      cwd.mockRestore();
    }
  });

  it("is refused where there is none", async () => {
    await expect(openActiveKey({ directory: await scratch() })).rejects.toMatchObject({
      code: "no_active_key",
      message: expect.stringContaining("`npx signet-jwt init`"),
    });
    await expect(openActiveKey({ maxAge: 5 } as never)).rejects.toMatchObject({ code: "config_invalid", field: "maxAge" });
  });

  it("may be followed from documents of one's own", async () => {
    const custodian = await openCustodian({ directory: await scratch() });
    const { kid, alg } = await custodian.createKey("a", "ES256");
    const signer = createActiveKey({
      read: async () => [{ sequence: 1, kid, alg, maxTtlSeconds: 60, material: { name: "a" } }],
      open: (key) => custodian.openSigner({ id: String(key.material.name), kid: key.kid, alg: key.alg }),
      maxAgeSeconds: 60,
    });
    const issuer = createIssuer({ signer });
    await expect(issuer.issue({ claims: {}, ttl: 61 })).rejects.toMatchObject({ code: "ttl_exceeds_limit" });
    expect(issuer.issueSync({ claims: {}, ttl: 60 }).token).toBeTypeOf("string");
    expect(() => createActiveKey({ read: async () => [] } as never)).toThrow(expect.objectContaining({ field: "open" }));
    expect(() => createActiveKey({ maxAge: 5 } as never)).toThrow(expect.objectContaining({ field: "maxAge" }));
  });
});
