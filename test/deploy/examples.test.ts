import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkConfig } from "../../src/config/load.js";
import { startAnswerBucket } from "../fakes/aws/answer-bucket.js";
import { textOf } from "../house/repository.js";
import { parseTemplate } from "./cloudformation.mjs";
import { askResource, context, startStack, template } from "./stack.js";

const sam = parseTemplate(textOf("examples/sam/template.yaml"));
const { Chat, Signet } = sam.Resources;
const CDK_HANDLER = textOf("cdk/examples/chat/index.mjs");
const TOKEN = /^Bearer (\S+)$/;

let bucket: Awaited<ReturnType<typeof startAnswerBucket>>;
let stack: Awaited<ReturnType<typeof startStack>>;
beforeAll(async () => {
  bucket = await startAnswerBucket();
  stack = await startStack(bucket.url);
  const parameters = Signet.Properties.Parameters;
  await askResource(stack, bucket, { parameters, id: "Keys", type: "Create" });
});
afterAll(async () => {
  bucket.close();
  await stack.aws.close();
});

/** AWS's SDK, as far as the examples go: what it is asked for is asked of the template's own issuer, as Lambda would. */
function sdk() {
  const issue = stack.start(stack.put(Signet.Properties.Parameters), "Issuer");
  class InvokeCommand {
    constructor(readonly input: { FunctionName: string; Payload: string }) {}
  }
  class LambdaClient {
    async send({ input: { FunctionName, Payload } }: InvokeCommand) {
      try {
        return { Payload: Buffer.from(JSON.stringify(await issue(JSON.parse(Payload), context(FunctionName)))) };
      } catch (error) {
        const { name: errorType, message: errorMessage } = error as Error;
        return { FunctionError: "Unhandled", Payload: Buffer.from(JSON.stringify({ errorType, errorMessage })) };
      }
    }
  }
  return { InvokeCommand, LambdaClient };
}

type Handler = () => Promise<Record<string, unknown>>;

/** Loads an example's function as Lambda does, with the caller's alias in its environment. */
function load(code: string, alias: string, fetched = vi.fn()): Handler {
  const exports = {} as { handler: Handler };
  const run = new Function("exports", "require", "process", "fetch", code);
  run(exports, sdk, { env: { ISSUER: `${stack.issuerArn}:${alias}` } }, fetched);
  return exports.handler;
}

describe("the example for SAM", () => {
  it("asks for a token by its caller's alias, and is told why where that is refused", async () => {
    const code = Chat.Properties.InlineCode;
    expect(await load(code, "chat")()).toMatchObject({ sub: "alice", aud: "my-api" });
    await expect(load(code, "nobody")()).rejects.toThrow(/alias|caller/);
  });

  it("gives the template no parameter that it does not have", () => {
    const unknown = Object.keys(Signet.Properties.Parameters).filter((name) => !(name in template.Parameters));
    expect(unknown).toStrictEqual([]);
    const [{ Statement }] = Chat.Properties.Policies;
    expect(Statement[0].Resource).toStrictEqual(Chat.Properties.Environment.Variables.ISSUER);
  });
});

describe("the example for the CDK", () => {
  it("asks for a token by its caller's alias, and shows it to the API", async () => {
    const shown = vi.fn(async (_url: string, _options: { headers: { authorization: string } }) => ({ json: async () => ({}) }));
    const commonJs = CDK_HANDLER.replace(/import (\{.*\}) from "(.*)";/, 'const $1 = require("$2");');
    await load(`${commonJs.replace("export async function handler", "exports.handler = async function")}`, "chat", shown)();
    const [, token = ""] = TOKEN.exec(shown.mock.calls[0]?.[1].headers.authorization ?? "") ?? [];
    expect(decodeJwt(token)).toMatchObject({ sub: "alice", aud: "my-api" });
  });
});

describe("the module for Terraform", () => {
  const main = textOf("examples/terraform/main.tf");

  it("says which providers it needs, and finds every parameter of the template", () => {
    expect(main).toMatch(/required_providers \{\s*aws = \{\s*source\s*= "hashicorp\/aws"\s*version = ">= \d/);
    // As `locals` finds them: in the section's lines, up to the first empty one.
    const text = textOf("dist/template.yaml");
    const section = text.split("\nParameters:\n")[1]?.split("\n\n")[0] ?? "";
    const names = [...section.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name);
    expect(names).toStrictEqual(Object.keys(template.Parameters));
  });
});

describe("the construct for the CDK", () => {
  it("has a prop for each parameter of the template", () => {
    const props = textOf("cdk/src/parameters.ts");
    const handed = [...props.matchAll(/^ {2}\w+: \["(\w+)", /gm)].map(([, name]) => name);
    expect(handed.sort()).toStrictEqual(Object.keys(template.Parameters).sort());
  });
});

describe("the CDK's example of a config that looks at the construct's keys", () => {
  it("is one", () => {
    const { aws, issuer } = checkConfig(JSON.parse(textOf("cdk/examples/operate.json")), "operate.json", { env: {} });
    expect(aws).toMatchObject({ keyring: `s3://${aws?.installation}` });
    expect(issuer).toMatch(/^https:/);
  });
});
