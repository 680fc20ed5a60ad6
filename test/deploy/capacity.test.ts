import { describe, expect, it } from "vitest";
import { resolveStack } from "./cloudformation.mjs";
import { pseudo, template } from "./stack.js";

const resolved = (parameters: Record<string, string>) =>
  resolveStack(template, {
    parameters,
    pseudo,
    attributes: (id: string, name: string) => `${id}.${name}`,
    ref: (id: string) => id,
  });

describe("how much the issuer may do at once", () => {
  it("is the account's share, unless concurrency is reserved for it", () => {
    expect(resolved({}).properties("Issuer")).not.toHaveProperty("ReservedConcurrentExecutions");
    expect(resolved({ ReservedConcurrency: "20" }).properties("Issuer").ReservedConcurrentExecutions).toBe("20");
  });
});

describe("the alarm on KMS's quota", () => {
  const watched = { AlarmEmail: "ops@issuer.example", KeyCustodianParameter: "KMS" };

  it.each([
    ["ES256", "Ecc"],
    ["EdDSA", "Ecc"],
    ["PS384", "Rsa"],
    ["RS256", "Rsa"],
  ])("stands at 80 %% of what is configured, of all that signs so in the account (%s)", (Algorithm, kind) => {
    const alarm = resolved({ ...watched, Algorithm, KmsSignQuota: "500" }).properties("KmsQuota");
    const [calls, used] = alarm.Metrics;
    const { Metric, Stat, Period } = calls.MetricStat;
    expect([Metric.Namespace, Metric.MetricName, Stat, Period]).toStrictEqual(["AWS/Usage", "CallCount", "Sum", 60]);
    expect(Metric.Dimensions).toContainEqual({ Name: "Resource", Value: `CryptographicOperations${kind}` });
    expect([used.Expression, alarm.Threshold]).toStrictEqual(["100 * calls / (60 * 500)", 80]);
    expect(alarm.AlarmDescription).toMatch(/KMSDataKey, the better choice/);
    expect(alarm.AlarmActions).toStrictEqual(["Alarms"]);
  });

  it.each([
    ["no address", { AlarmEmail: "" }],
    ["keys in memory", { KeyCustodianParameter: "KMSDataKey" }],
    ["no quota", { KmsSignQuota: "0" }],
    ["an algorithm that KMS counts under no documented name", { Algorithm: "ML-DSA-44" }],
  ])("is not made with %s", (_, more) => {
    expect(resolved({ ...watched, ...more }).made).not.toContain("KmsQuota");
    expect(resolved({ ...watched, ...more }).properties("Complete").After).not.toContain("KmsQuota");
  });

  it("is there before the installation is complete", () => {
    expect(resolved(watched).properties("Complete").After).toContain("KmsQuota");
  });
});
