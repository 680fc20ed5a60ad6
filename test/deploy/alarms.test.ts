import { describe, expect, it } from "vitest";
import { resolveStack } from "./cloudformation.mjs";
import { pseudo, template } from "./stack.js";

const resolved = (parameters: Record<string, string>) =>
  resolveStack(template, {
    parameters: { AlarmEmail: "ops@issuer.example", ...parameters },
    pseudo,
    attributes: (id: string, name: string) => `${id}.${name}`,
    ref: (id: string) => id,
  });

/** Whether a filter takes a line, by as much of CloudWatch's patterns as the template uses ("Filter pattern syntax", JSON). */
function takes(pattern: string, line: object): boolean {
  const at = (path: string) => path.split(".").reduce<unknown>((value, name) => (value as Record<string, unknown>)?.[name], line);
  const condition = pattern
    .slice(1, -1)
    .replaceAll(
      /\$\.([\w.]+) = (\*|"[^"]*")/g,
      (_, path, value) => `${at(path) !== undefined && (value === "*" || at(path) === JSON.parse(value))}`,
    );
  expect(condition).toMatch(/^[ ()&|]*((true|false)[ ()&|]*)+$/);
  return new Function(`return ${condition}`)();
}

const ended = (status: string, errorType?: string, type = "platform.report") => ({
  time: "t",
  type,
  record: { requestId: "r", status, ...(errorType && { errorType }) },
});

describe("the alarm on failures", () => {
  it.each<[string, object, boolean, boolean]>([
    ["a failure", { level: "ERROR", outcome: "aws_access_denied", failure: "kms:Sign: denied" }, true, true],
    ["a failure without words", { level: "ERROR", outcome: "aws_unavailable" }, false, true],
    ["a refusal", { level: "WARN", outcome: "ttl_exceeds_limit" }, false, false],
    ["a refusal as Lambda tells it", { level: "ERROR", message: { errorType: "ttl_exceeds_limit" } }, false, true],
    ["a signature that was wrong, which has an alarm of its own", { level: "ERROR", unproven: 1 }, false, true],
    ["a function that Lambda has ended", ended("timeout"), true, true],
    ["a function whose runtime has failed", ended("failure"), true, true],
    ["a function that has exited", ended("error", "Runtime.ExitError"), true, true],
    ["a function that ran out of memory", ended("error", "Runtime.OutOfMemory"), true, true],
    ["a function that has not started", ended("error", "Runtime.Unknown", "platform.initReport"), true, true],
    ["an invocation that was refused", ended("error", "Function.Unknown"), false, false],
    ["an invocation that was refused, by another name", ended("error", "Runtime.Unknown"), false, false],
    ["a function that has started", ended("success", undefined, "platform.initReport"), false, false],
    ["an invocation", ended("success"), false, false],
  ])("hears of %s, of issuer and token function (%#)", (_, line, byIssuer, byToken) => {
    const stack = resolved({ TokenRoute: "on" });
    const [issuer, token] = ["FailureCount", "TokenFailureCount"].map((id) => stack.properties(id));
    expect([issuer.LogGroupName, token.LogGroupName]).toStrictEqual(["IssuerLog", "TokenLog"]);
    expect([takes(issuer.FilterPattern, line), takes(token.FilterPattern, line)]).toStrictEqual([byIssuer, byToken]);
    const { Namespace, MetricName } = stack.properties("Failing");
    for (const { MetricTransformations } of [issuer, token])
      expect(MetricTransformations).toStrictEqual([{ MetricNamespace: Namespace, MetricName, MetricValue: "1" }]);
  });

  it("counts for the token function where there is one, before the stack is complete", () => {
    expect(resolved({}).made).not.toContain("TokenFailureCount");
    expect(resolved({ TokenRoute: "on", AlarmEmail: "" }).made).not.toContain("TokenFailureCount");
    expect(resolved({ TokenRoute: "on" }).properties("Complete").After).toContain("TokenFailureCount");
  });
});
