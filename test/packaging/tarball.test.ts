import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { docstringExamples } from "./docstrings.js";
import { linkNodeTypes, type Packed, packAndInstall, root, run, sizeBytes } from "./packed.js";

const MAX_INSTALLED_BYTES = 36 * 1024 * 1024;
const EXPECTED_FILE =
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/signet|dist\/cli\/LICENSES\.txt|dist\/signet\.schema\.json|dist\/(template|authorizer)\.yaml|dist\/template-parameters\.json|dist\/console\/(index\.html|page\.(css|js))|dist\/lambda\/(issuer|key-manager|authorizer|decoder|token)\.cjs|dist\/[\w/.-]+\.(js|d\.ts))$/;
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
        ...["dist/index.js", "dist/open-custody.js", "dist/verify/index.js", "dist/client/index.js", "dist/cli/main.js"],
        ...[
          "dist/types/index.d.ts",
          "dist/types/open-custody.d.ts",
          "dist/types/verify/index.d.ts",
          "dist/types/client/index.d.ts",
        ],
      ]),
    );
  });

  test("holds the manager for the command and the functions, not for the library, which never rotates", () => {
    const holders = packed.files.filter((path) => readFileSync(join(packed.installed, path), "utf8").includes('("lease_lost",'));
    expect(holders.filter((path) => !/^dist\/(cli|lambda)\/|^dist\/template\.yaml$/.test(path))).toEqual([]);
    expect(holders).toEqual(expect.arrayContaining(["dist/lambda/key-manager.cjs"]));
  });

  test("holds no key and no token", () => {
    const telling = packed.files.filter((path) => {
      const text = readFileSync(join(packed.installed, path), "utf8");
      return [...KEYS, TOKEN].some((pattern) => pattern.test(text));
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
    'import { openActiveKey } from "signet-jwt/custody";',
    'import { createVerifier } from "signet-jwt/verify";',
    'import { createTokenSource } from "signet-jwt/client";',
    "export const issuerFactory: (...args: never[]) => object = createIssuer;",
    "export const verifierFactory: (...args: never[]) => object = createVerifier;",
    "// @ts-expect-error The types are real: `any` would let this pass.",
    "export const notAnIssuer: string = createIssuer;",
    "// @ts-expect-error The types are real: `any` would let this pass.",
    "export const notAVerifier: string = createVerifier;",
    "// @ts-expect-error The types are real: `any` would let this pass.",
    "export const notAKey: string = openActiveKey;",
    "// @ts-expect-error The types are real: `any` would let this pass.",
    "export const notASource: string = createTokenSource;",
    'export const source = createTokenSource({ from: { lambda: "signet:web" }, as: { aws: { region: "eu-central-1" } }, request: { claims: {} } });',
    "export const kept: Promise<string> = source.token({ signal: new AbortController().signal });",
    'export const issued: Promise<string> = createIssuer({ signer: await openActiveKey({ directory: ".signet" }) })',
    '  .issue({ claims: { sub: "alice" } })',
    "  .then(({ token }) => token)",
    '  .catch(() => "");',
  ].join("\n");

  test("finds what the package exports at run time", () => {
    const script = `
      const exported = await Promise.all(["", "/custody", "/verify", "/verify/web", "/client"].map((path) => import("signet-jwt" + path)));
      console.log(exported.flatMap((all) => Object.keys(all).filter((name) => typeof all[name] === "function")).join(" "));`;
    const { status, stdout } = run(packed.project, process.execPath, "--input-type=module", "-e", script);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: `${[
        `SignetError createIssuer isSignetError isTokenRefusal localSigner openIssuer`,
        `SignetError createActiveKey isSignetError openActiveKey openCustodian`,
        `SignetError authorize bearerGuard createVerifier isSignetError isTokenRefusal`,
        `SignetError bearerGuard createVerifier isSignetError isTokenRefusal`,
        `SignetError authorizedFetch createTokenSource isSignetError`,
      ].join(" ")}\n`,
    });
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

describe("the docstring of each function that is exported", () => {
  const examples = () => docstringExamples(packed.installed);
  let folder: string;

  beforeAll(() => {
    folder = join(packed.project, "docstrings");
    mkdirSync(folder);
    // Modules, since they await; beside an installation, since some of them read one.
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    expect(run(folder, join(packed.project, "node_modules/.bin/signet"), "init")).toMatchObject({ status: 0 });
  });

  test("has an example", () => {
    expect(examples().map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "signet-jwt createIssuer",
        "signet-jwt/custody openActiveKey",
        "signet-jwt/verify/web createVerifier",
        "signet-jwt/client createTokenSource",
        "signet-jwt/client authorizedFetch",
      ]),
    );
    expect(examples().filter(({ code, prints }) => code === undefined || prints === "")).toEqual([]);
  });

  test("has one that compiles, and prints what it says", () => {
    linkNodeTypes(packed.project);
    // A function that two entries hand on has one docstring.
    const distinct = [...new Map(examples().map((example) => [example.code, example])).values()];
    const all = distinct.map((example, index) => ({ ...example, file: `example-${index}` }));
    for (const { file, code = "" } of all) writeFileSync(join(folder, `${file}.ts`), code);
    const options = ["--strict", "--target", "es2023", "--types", "node", "--module", "nodenext"];
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const compiled = run(folder, process.execPath, tsc, ...options, ...all.map(({ file }) => `${file}.ts`));
    expect(compiled).toEqual({ status: 0, stdout: "", stderr: "" });
    for (const { name, file, prints } of all) {
      expect({ name, ...run(folder, process.execPath, `${file}.js`) }).toEqual({ name, status: 0, stdout: prints, stderr: "" });
    }
  });
});
