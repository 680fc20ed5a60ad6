import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { queryLog } from "../../src/aws/log-query.js";
import { createTransport, type Transport } from "../../src/aws/transport.js";
import { loggedUses, USES_QUERY } from "../../src/operator/logged-uses.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

const GROUP = "signet-IssuerLog-1A2B3C";
const DAY = 86_400;
const NOW = 1_800_000_000;
const asked = { group: GROUP, from: NOW - 30 * DAY, to: NOW };

let aws: Awaited<ReturnType<typeof startFakeAws>>;
let transport: Transport;
let waited: number[];
const wait = async (milliseconds: number) => void waited.push(milliseconds);
const issued = (daysAgo: number, tokens: number, caller?: string, more: object = {}) => ({
  timestamp: (NOW - daysAgo * DAY) * 1_000,
  message: JSON.stringify({ level: "INFO", outcome: "issued", tokens, ...(caller !== undefined && { caller }), ...more }),
});

beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true, now: () => NOW * 1_000 });
  transport = createTransport({
    region: "eu-central-1",
    credentials: () => FAKE_CREDENTIALS,
    env: { AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: aws.url },
    now: () => NOW * 1_000,
  });
});
afterAll(async () => {
  transport.close();
  await aws.close();
});
beforeEach(() => {
  waited = [];
  aws.clearFaults();
  aws.calls.length = 0;
  Object.assign(aws.state.logs, { before: [], end: "Complete", times: "text" });
  aws.state.logs.groups.set(GROUP, { createdAt: (NOW - 400 * DAY) * 1_000, retentionDays: 90, lines: [] });
});

const write = (...lines: ReturnType<typeof issued>[]) => aws.state.logs.groups.get(GROUP)?.lines.push(...lines);

describe("what a log says of callers", () => {
  it.each(["text", "milliseconds"] as const)(
    "is the last time and the tokens of each, where times are shown as %s",
    async (times) => {
      aws.state.logs.times = times;
      write(issued(3, 2, "chat"), issued(1, 5, "chat"), issued(2, 1, "ci"), issued(40, 9, "old"), issued(4, 1));
      write(issued(1, 0, "refused", { outcome: "claim_not_allowed" }), { timestamp: NOW * 1_000, message: "START RequestId: 1" });
      expect(await loggedUses(transport, asked, wait)).toStrictEqual({
        callers: new Map([
          ["chat", { lastUsedAt: NOW - DAY, tokens: 7 }],
          ["ci", { lastUsedAt: NOW - 2 * DAY, tokens: 1 }],
        ]),
        withoutCaller: { lastUsedAt: NOW - 4 * DAY, tokens: 1 },
      });
      expect(waited).toStrictEqual([]);
    },
  );

  it("waits for the end of the query, longer each time, and takes no part of the answer for the whole", async () => {
    aws.state.logs.before = ["Scheduled", "Unknown", "Running", "Running", "Running", "Running", "Running"];
    write(issued(1, 1, "a"), issued(2, 1, "b"));
    expect([...(await loggedUses(transport, asked, wait)).callers.keys()]).toStrictEqual(["a", "b"]);
    expect(waited).toStrictEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  it("is not waited for longer than a minute", async () => {
    Object.assign(aws.state.logs, { before: ["Running"], end: "" });
    await expect(loggedUses(transport, asked, wait)).rejects.toMatchObject({
      code: "aws_unavailable",
      message: `logs:GetQueryResults on ${GROUP} in eu-central-1: the query has not ended within 60 s; try again, or ask for fewer days`,
    });
    expect(waited.reduce((sum, each) => sum + each, 0)).toBe(60_000);
    expect(aws.calls.filter(({ action }) => action === "logs:StartQuery")).toHaveLength(1);
  });

  it.each(["Failed", "Cancelled", "Timeout"])("is not known where the query came to the end %s", async (end) => {
    aws.state.logs.end = end;
    await expect(loggedUses(transport, asked, wait)).rejects.toThrow(`came to the end ${end}, and not to Complete`);
  });

  it("is asked for again where the account has too many queries at once, and not for ever", async () => {
    const full = { action: "logs:StartQuery", code: "LimitExceededException", status: 400 };
    aws.inject({ ...full, times: 2 });
    write(issued(1, 1, "a"));
    expect((await loggedUses(transport, asked, wait)).callers.size).toBe(1);
    expect(waited).toStrictEqual([250, 500]);
    aws.inject({ ...full, times: 1_000 });
    await expect(loggedUses(transport, asked, wait)).rejects.toMatchObject({
      code: "aws_throttled",
      message: expect.stringContaining("as many queries are under way as the account may have at once"),
    });
  });

  it("is refused with the right that is missing, or the group that is not there", async () => {
    aws.inject({ action: "logs:GetQueryResults", code: "AccessDeniedException", status: 400 });
    await expect(loggedUses(transport, asked, wait)).rejects.toMatchObject({
      code: "aws_access_denied",
      message: expect.stringContaining("allow logs:GetQueryResults on signet-IssuerLog-1A2B3C"),
    });
    await expect(loggedUses(transport, { ...asked, group: "gone" }, wait)).rejects.toMatchObject({ code: "aws_not_found" });
  });

  it("is taken from no answer that has no time in it", async () => {
    for (const odd of ["", "2026-13-40 10:00:00.000", "-1", "1e400"]) {
      const stub = { ...transport, call: async ({ action }: { action: string }) => answered(action, odd) };
      await expect(loggedUses(stub as never, asked, wait)).rejects.toThrow("a row has no time, or no number of tokens");
    }
  });

  it("is what the query of the documentation says", async () => {
    write(issued(1, 3, "a"));
    const rows = await queryLog(transport, { ...asked, query: USES_QUERY }, wait);
    expect(rows.map((row) => Object.fromEntries(row))).toStrictEqual([
      { caller: "a", lastUsed: "2027-01-14 08:00:00.000", tokens: "3" },
    ]);
  });
});

function answered(action: string, lastUsed: string) {
  const fields = [
    { field: "caller", value: "a" },
    { field: "lastUsed", value: lastUsed },
    { field: "tokens", value: "1" },
  ];
  const body = action === "logs:StartQuery" ? { queryId: "1" } : { status: "Complete", results: [fields] };
  return { status: 200, headers: {}, body: JSON.stringify(body) };
}
