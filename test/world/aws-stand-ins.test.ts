import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type RequestOptions, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCustodian } from "../../src/open-custody.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

/** What stands between: it answers as AWS does, but for a habit of one that stands in for AWS. */
type Habit = (answer: { status: number; body: string }, action: string, asked: string) => { status: number; body: string };

const scratch = scratchDirectories();
let aws: Awaited<ReturnType<typeof startFakeAws>>;
let standIn: Server;
let habit: Habit = (answer) => answer;
let calls = 0;
let installations = 0;

/** Signatures are of what was sent: it is handed on as it is. */
function handOn(options: RequestOptions & { headers: IncomingHttpHeaders }, body: Buffer) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const sent = request(aws.url, options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    sent.on("error", reject).end(body);
  });
}

beforeAll(async () => {
  aws = await startFakeAws();
  standIn = createServer(async (incoming, outgoing) => {
    calls += 1;
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const asked = Buffer.concat(chunks);
    const { method, url: path, headers } = incoming;
    const answer = await handOn({ method: method ?? "", path: path ?? "", headers }, asked);
    const action = String(headers["x-amz-target"] ?? "").replace(/^.*\./, "");
    const { status, body } = habit(answer, action, asked.toString());
    outgoing.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => void standIn.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
  standIn.closeAllConnections();
  standIn.close();
  await aws.close();
});

const url = () => `http://127.0.0.1:${(standIn.address() as AddressInfo).port}`;

/** A custodian whose installation is new. */
async function custodian(custody: string, env: Record<string, string>) {
  installations += 1;
  return openCustodian({ custody, aws: { installation: `stand-in-${installations}` }, env });
}

const variables = () => ({
  AWS_ENDPOINT_URL: url(),
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: FAKE_CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: FAKE_CREDENTIALS.secretAccessKey,
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
});

async function listed({ listKeys }: { listKeys(): AsyncIterable<string> }): Promise<string[]> {
  const found: string[] = [];
  for await (const each of listKeys()) found.push(each.replace(/\..*/, ""));
  return found.sort();
}

/** Makes a key, signs with it, lists it and destroys it: each call of a custodian, all lists among them. */
async function lives(custody: string, env: Record<string, string>): Promise<void> {
  const keys = await custodian(custody, env);
  const { kid } = await keys.createKey("a", "ES256");
  const signer = await keys.openSigner({ id: "a", kid, alg: "ES256" });
  expect((await signer.sign("a.b")).length).toBe(64);
  expect(await listed(keys)).toStrictEqual(["a"]);
  await keys.destroyKey("a");
}

const KINDS = ["parameter-store", "secrets-manager", "kms"];
const LISTS = /^(List|GetParametersByPath)/;

function withMember(change: (page: Record<string, unknown>, asked: Record<string, unknown>) => void): Habit {
  return (answer, action, asked) => {
    if (!LISTS.test(action) || answer.status !== 200) return answer;
    const page = JSON.parse(answer.body) as Record<string, unknown>;
    change(page, JSON.parse(asked));
    return { ...answer, body: JSON.stringify(page) };
  };
}

describe("what stands in for AWS", () => {
  const HABITS: [what: string, source: string, habit: Habit][] = [
    [
      "ends a list with null",
      "localstack/localstack#3196",
      withMember((page) => {
        page.NextToken ??= null;
        page.NextMarker ??= null;
      }),
    ],
    [
      "ends a list with an empty text",
      "boto/botocore#531, aws/sagemaker-core#301",
      withMember((page) => {
        page.NextToken ??= "";
        page.NextMarker ??= "";
      }),
    ],
    [
      "does not say whether a list was cut",
      "localstack/localstack#1953",
      withMember((page) => {
        page.Truncated = undefined;
      }),
    ],
    [
      "answers null where AWS answers nothing",
      "getmoto/moto, moto/kms/responses.py: json.dumps(None)",
      (answer) => (answer.status === 200 && /^(\{\})?$/.test(answer.body) ? { ...answer, body: "null" } : answer),
    ],
  ];
  it.each(HABITS.flatMap((each) => KINDS.map((custody) => [...each, custody] as const)))(
    "may be one that %s (%s)",
    async (_what, _source, next, custody) => {
      habit = next;
      await lives(custody, variables());
    },
  );

  it.each(KINDS)("is refused where it names the same page again (getmoto/moto#10249): %s", async (custody) => {
    habit = withMember((page, asked) => {
      page.NextToken = asked.NextToken ?? "again";
      page.NextMarker = asked.Marker ?? "again";
      page.Truncated = true;
    });
    // AWS itself refuses a token that it has not made.
    const echo = habit;
    habit = (answer, action, asked) => echo(LISTS.test(action) ? { status: 200, body: EMPTY } : answer, action, asked);
    const keys = await custodian(custody, variables());
    const before = calls;
    await expect(listed(keys)).rejects.toMatchObject({
      code: "aws_unavailable",
      message: expect.stringMatching(/List|GetParametersByPath.*read already; is the endpoint AWS/),
    });
    expect(calls - before).toBeLessThan(4);
  });
});

const EMPTY = JSON.stringify({ Parameters: [], SecretList: [], Keys: [], Aliases: [], Tags: [] });

describe("a profile as people write it for LocalStack", () => {
  async function home(config: string): Promise<Record<string, string>> {
    habit = (answer) => answer;
    const folder = await scratch();
    const { accessKeyId, secretAccessKey } = FAKE_CREDENTIALS;
    await mkdir(join(folder, ".aws"));
    await writeFile(join(folder, ".aws/config"), config);
    await writeFile(
      join(folder, ".aws/credentials"),
      `[localstack]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
    );
    return { HOME: folder, AWS_PROFILE: "localstack" };
  }

  it("is followed: endpoint_url for all services (aws/aws-sdk-net#4212)", async () => {
    await lives(
      "parameter-store",
      await home(`[profile localstack]\nregion = eu-central-1\nendpoint_url = ${url()}\noutput = json\n`),
    );
  });

  it("is followed: a section of services, which stands above it (aws/aws-sdk-java-v2#5779)", async () => {
    const nowhere = "http://127.0.0.1:9";
    const services = `[services localstack-specific]\nssm =\n  endpoint_url = ${url()}\n`;
    const profile = `[profile localstack]\nregion = eu-central-1\nendpoint_url=${nowhere}\nservices = localstack-specific\n`;
    await lives("parameter-store", await home(`${services}\n${profile}`));
  });
});
