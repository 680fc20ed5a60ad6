import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linkNodeTypes, type Packed, packAndInstall, root, run, sizeBytes } from "./packed.js";

const MAX_INSTALLED_BYTES = 36 * 1024 * 1024;
const EXPECTED_FILE =
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/signet|dist\/cli\/LICENSES\.txt|dist\/signet\.schema\.json|dist\/(template|authorizer)\.yaml|dist\/template-parameters\.json|dist\/lambda\/(issuer|key-manager|authorizer|decoder)\.cjs|dist\/[\w/.-]+\.(js|d\.ts))$/;
const KEYS = [/-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/=]{40}/, /"d"\s*:\s*"[\w-]{40,}"/];
const TOKEN = /\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{40,}/;

let packed: Packed;
let manifest: { version: string };

beforeAll(() => {
  packed = packAndInstall();
  manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
});

afterAll(() => packed?.remove());

describe("the tarball", () => {
  test("holds what runs, its types and its papers, and nothing else", () => {
    expect(packed.files.filter((path) => !EXPECTED_FILE.test(path))).toEqual([]);
    expect(packed.files).toEqual(
      expect.arrayContaining([
        ...["package.json", "README.md", "LICENSE", "CHANGELOG.md", "bin/signet", "dist/signet.schema.json"],
        ...["dist/index.js", "dist/verify/index.js", "dist/cli/main.js", "dist/types/index.d.ts", "dist/types/verify/index.d.ts"],
      ]),
    );
  });

  test("holds no key, and no token but those that README's sessions show", () => {
    const telling = packed.files.filter((path) => {
      const text = readFileSync(join(packed.installed, path), "utf8");
      return KEYS.some((pattern) => pattern.test(text)) || (path !== "README.md" && TOKEN.test(text));
    });
    expect(telling).toEqual([]);
  });

  test("satisfies publint, its suggestions included", async () => {
    const { messages, pkg } = await publint({ pkgDir: packed.installed, pack: false, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  test("takes at most 36 MB with all that it needs in production", () => {
    expect(sizeBytes(join(packed.project, "node_modules"))).toBeLessThanOrEqual(MAX_INSTALLED_BYTES);
  });
});

describe("the installed command", () => {
  const signet = (...args: string[]) => run(packed.project, join(packed.project, "node_modules/.bin/signet"), ...args);

  test("says its version", () => {
    expect(signet("--version")).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  test("makes an issuer, issues a token and verifies it", () => {
    expect(signet("init")).toMatchObject({ status: 0 });
    const issued = signet("issue", "sub=alice");
    expect(issued).toMatchObject({ status: 0, stdout: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/) });
    expect(signet("verify", issued.stdout.trim())).toMatchObject({ status: 0 });
    expect(signet("verify", `${issued.stdout.trim().slice(0, -4)}AAAA`)).toMatchObject({ status: 3 });
  });
});

describe("an importer", () => {
  const program = [
    'import { createIssuer } from "signet-jwt";',
    'import { createVerifier } from "signet-jwt/verify";',
    "export const issuerFactory: (...args: never[]) => object = createIssuer;",
    "export const verifierFactory: (...args: never[]) => object = createVerifier;",
    "// @ts-expect-error The types are real: `any` would let this pass.",
    "export const notAnIssuer: string = createIssuer;",
    "// @ts-expect-error The types are real: `any` would let this pass.",
    "export const notAVerifier: string = createVerifier;",
  ].join("\n");

  test("finds both factories at run time", () => {
    const script =
      'Promise.all([import("signet-jwt"), import("signet-jwt/verify")]).then(([a, b]) => console.log(typeof a.createIssuer, typeof b.createVerifier))';
    expect(run(packed.project, process.execPath, "-e", script)).toEqual({ status: 0, stdout: "function function\n", stderr: "" });
  });

  test("finds the verifier for the web, which asks for nothing of Node's", () => {
    const script = `
      const { log } = console;
      delete globalThis.Buffer;
      delete globalThis.process;
      import("signet-jwt/verify/web").then(async ({ createVerifier }) => {
        const encode = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=/g, "");
        const text = (value) => encode(new TextEncoder().encode(JSON.stringify(value)));
        const { publicKey, privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
        const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
        const keys = [{ kty, crv, x, y, kid: "k", alg: "ES256", use: "sig" }];
        const input = text({ alg: "ES256", kid: "k" }) + "." + text({ sub: "alice", exp: Math.floor(Date.now() / 1000) + 60 });
        const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, new TextEncoder().encode(input));
        const verifier = createVerifier({ keys: { keys }, issuer: null, audience: null });
        log((await verifier.verify(input + "." + encode(new Uint8Array(signature)))).claims.sub);
      });`;
    expect(run(packed.project, process.execPath, "-e", script)).toMatchObject({ status: 0, stdout: "alice\n" });
  });

  test("reads the config's JSON Schema", () => {
    const script = 'console.log(typeof require("signet-jwt/signet.schema.json").properties)';
    expect(run(packed.project, process.execPath, "--input-type=commonjs", "-e", script)).toMatchObject({
      status: 0,
      stdout: "object\n",
    });
  });

  describe("of types, library checks included", () => {
    beforeAll(() => {
      linkNodeTypes(packed.project);
      writeFileSync(join(packed.project, "program.ts"), program);
    });

    test.each([
      ["nodenext", "nodenext"],
      ["esnext", "bundler"],
    ])("gets them with module %s and resolution %s", (module, resolution) => {
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      const options = [
        "--noEmit",
        "--strict",
        "--target",
        "es2023",
        "--types",
        "node",
        "--module",
        module,
        "--moduleResolution",
        resolution,
      ];
      expect(run(packed.project, process.execPath, tsc, ...options, "program.ts")).toEqual({ status: 0, stdout: "", stderr: "" });
    });
  });
});
