import { describe, expect, it } from "vitest";
import { AwsFailure } from "../../src/aws/failure.js";
import type { Decision, Iam } from "../../src/aws/iam.js";
import type { Transport } from "../../src/aws/transport.js";
import { findAliasAccess } from "../../src/operator/alias-access.js";

const FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:issuer";
const ALLOWED: Decision = { outcome: "allowed", policies: ["admin"], missingKeys: [] };
const DENIED: Decision = { outcome: "denied", policies: [], missingKeys: [] };

type Asked = { principal: string; resources: readonly string[] }[];
type Answer = Record<string, Decision> | Error;

/** Lambda with two aliases for proofs and an ordinary one, none with a policy; and an IAM with roles that answer so. */
async function found(answers: Record<string, Answer>, expected: readonly string[] = [], asked: Asked = []) {
  const aliases = ["web", "web-proof", "ci-proof"].map((Name) => ({ Name, FunctionVersion: "$LATEST" }));
  const call = async ({ path }: { path: string }) =>
    path.endsWith("/aliases")
      ? { status: 200, headers: {}, body: JSON.stringify({ Aliases: aliases }) }
      : { status: 404, headers: {}, body: "{}" };
  const underWay = { now: 0, most: 0 };
  const progress: string[] = [];
  const iam: Iam = {
    roles: async () => Object.keys(answers),
    users: async () => [],
    async decisions(principal, _action, resources) {
      asked.push({ principal, resources });
      underWay.most = Math.max(underWay.most, ++underWay.now);
      await new Promise((resolve) => setImmediate(resolve));
      underWay.now -= 1;
      const answer = answers[principal] as Answer;
      if (answer instanceof Error) throw answer;
      return new Map(Object.entries(answer).map(([alias, decision]) => [`${FUNCTION}:${alias}`, decision]));
    },
    close: () => undefined,
  };
  const onProgress = (judged: number, all: number) => void progress.push(`${judged}/${all}`);
  const lambda = { call, region: "eu-central-1" } as unknown as Transport;
  const access = await findAliasAccess({ lambda, iam, functionArn: FUNCTION, expected, onProgress });
  return { access, underWay, progress };
}

const failure = (code: "aws_access_denied" | "aws_refused" | "aws_throttled", awsCode: string) =>
  new AwsFailure(code, `iam:SimulatePrincipalPolicy: ${awsCode}`, awsCode);

describe("who could invoke aliases for proofs", () => {
  it("is asked of every principal for each of these aliases, and of no other alias", async () => {
    const both = { "ci-proof": ALLOWED, "web-proof": DENIED };
    const asked: Asked = [];
    const { access } = await found({ a: both, b: { "ci-proof": DENIED, "web-proof": DENIED } }, [], asked);
    expect(asked[0]?.resources).toStrictEqual([`${FUNCTION}:ci-proof`, `${FUNCTION}:web-proof`]);
    expect(access).toMatchObject({ aliases: ["ci-proof", "web-proof"], principals: 2 });
    expect(access.findings).toStrictEqual([
      { kind: "allowed", principal: "a", aliases: ["ci-proof"], because: ["admin"], isExpected: false },
    ]);
  });

  it("is never taken to be denied where there is no decision", async () => {
    const { access } = await found({
      "half-answered": { "ci-proof": DENIED },
      forbidden: failure("aws_access_denied", "AccessDenied"),
      deleted: failure("aws_refused", "NoSuchEntity"),
      refused: failure("aws_refused", "InvalidInput"),
    });
    expect(
      access.findings.map(({ principal, kind, aliases, because }) => [principal, kind, aliases.length, because[0]]),
    ).toStrictEqual([
      ["half-answered", "unjudged", 1, "IAM has answered no decision"],
      ["forbidden", "unjudged", 2, "iam:SimulatePrincipalPolicy on it is not allowed to you"],
      ["deleted", "unjudged", 2, "it was deleted meanwhile"],
      ["refused", "unjudged", 2, "iam:SimulatePrincipalPolicy: InvalidInput"],
    ]);
  });

  it("ends where IAM fails as a whole, and asks no further", async () => {
    const answers: Record<string, Answer> = { first: failure("aws_throttled", "Throttling") };
    for (let at = 0; at < 50; at++) answers[`role-${at}`] = {};
    const asked: Asked = [];
    await expect(found(answers, [], asked)).rejects.toMatchObject({ code: "aws_throttled" });
    // Those under way come to their end.
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(asked.length).toBeLessThan(10);
  });

  it("is asked of a few at once, and tells how far it is", async () => {
    const answers = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`role-${at}`, { "ci-proof": ALLOWED }]));
    const { access, underWay, progress } = await found(answers, ["role-3", "role-x"]);
    expect(underWay.most).toBe(4);
    expect(progress.at(-1)).toBe("30/30");
    // The order is that of the list, and those who are expected come last.
    expect(access.findings.filter(({ kind }) => kind === "allowed").at(-1)).toMatchObject({
      principal: "role-3",
      isExpected: true,
    });
    expect(access.findings[0]).toMatchObject({ principal: "role-0", isExpected: false });
    expect(access.unknown).toStrictEqual(["role-x"]);
  });
});
