import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { withNestedPath } from "../../src/deploy/nested-path.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();
const TEMPLATE = readFileSync(new URL("../../dist/template.yaml", import.meta.url), "utf8");
/** Nobody listens there: what reaches the network fails. */
const NOWHERE = { AWS_REGION: "eu-central-1", AWS_ENDPOINT_URL: "http://127.0.0.1:9", AWS_MAX_ATTEMPTS: "1" };
let cwd: string;

beforeAll(async () => {
  cwd = await scratch();
});

describe("signet template", () => {
  it("prints the template, or writes it to a file", async () => {
    expect((await signet(["template"], { cwd })).stdout).toBe(TEMPLATE);
    const written = await signet(["template", "--out", "signet.yaml"], { cwd });
    expect(written).toMatchObject({ code: 0, stdout: "" });
    expect(written.stderr).toContain(`SHA-256 ${createHash("sha256").update(TEMPLATE).digest("hex")}`);
    expect(await readFile(join(cwd, "signet.yaml"), "utf8")).toBe(TEMPLATE);
    const authorizer = (await signet(["template", "authorizer"], { cwd })).stdout;
    expect(authorizer).toContain("AuthorizerFunctionArn");
    // It goes with the request: no bucket is needed.
    expect(Buffer.byteLength(authorizer)).toBeLessThan(51_200);
    expect((await signet(["template", "authorizr"], { cwd })).code).toBe(2);
    const nested = await signet(["template", "--nested-path"], { cwd });
    expect(nested.stdout).toBe(withNestedPath({ text: TEMPLATE, parameters: {} }).text);
    expect((await signet(["template", "authorizer", "--nested-path"], { cwd })).code).toBe(2);
  });
});

describe("signet deploy", () => {
  it.each([
    [["KeyCustodianParamter=KMS"], "did you mean KeyCustodianParameter?"],
    [["KeyCustodianParameter=Vault"], "must be one of ParameterStore, KMS, SecretsManager, KMSDataKey"],
    [["RotateEveryDays=-1"], "a whole number from 0 to 3650"],
    [["RotateEveryDays=1.5"], "a whole number"],
    [["IssuerUrl=http://issuer.example"], "IssuerUrl does not look right"],
    [["Callers=chat"], "Callers does not look right"],
    [['Callers={"chat":{"limits":{"maxTtl":60}}}'], "callers.chat.limits.maxTtl is not a member"],
    [['Callers={"a":}'], "the parameter Callers: it is not valid JSON"],
    [['Callers={"7":{}}'], "has no name for an alias"],
    [["Tokens=iat"], "Tokens does not look right"],
    [['Tokens={"iat":301}'], "the parameter Tokens: Tokens.iat must be a whole number of seconds from 0 to 300"],
    [['Tokens={"kind":false}'], "Tokens.kind is not a member"],
    [['Tokens={"iss":"1"}', "IssuerUrl=https://issuer.example"], "IssuerUrl and iss of Tokens both say what iss is"],
    [
      [
        'Tokens={"exp":false}',
        'Callers={"ci":{"exchanges":[{"issuer":"https://idp.example","claims":{"sub":"a"},"audiences":["a"],"subjectPrefix":"a:"}]}}',
      ],
      "without exp nothing can be exchanged",
    ],
    [["KMS"], "expected Name=Value"],
    [["Tracing=on", "Tracing=off"], "given twice"],
    [["--region", "frankfurt"], "is no AWS region"],
    [["--stack", "my stack"], "is no name for a stack"],
  ])("refuses %o before anything is sent, and says what to do", async (args, words) => {
    const { code, stdout, stderr } = await signet(["deploy", ...args], { cwd, env: NOWHERE });
    expect({ code, stdout }).toStrictEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(words);
  });

  it("wants to know the region", async () => {
    expect(await signet(["outputs"], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining("--region") });
  });
});

describe("--config stack:NAME", () => {
  it("is refused where a command changes a config file", async () => {
    const { code, stderr } = await signet(["init", "--config", "stack:signet"], { cwd, env: NOWHERE });
    expect(code).toBe(2);
    expect(stderr).toContain("a stack has no config file");
  });
});
