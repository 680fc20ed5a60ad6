import { describe, expect, it } from "vitest";
import { costOfStack } from "../../src/operator/stack-change.js";
import { resolveStack } from "./cloudformation.mjs";
import { pseudo, template, templateText } from "./stack.js";

const ALARMED = { AlarmEmail: "ops@issuer.example" };

describe("what a stack costs before the first token", () => {
  it.each<[Record<string, string>, number]>([
    [{}, 0],
    [{ KeyCustodianParameter: "KMS" }, 2],
    [{ KeyCustodianParameter: "KMSDataKey" }, 1],
    [{ KeyCustodianParameter: "KMSDataKey", SecretKmsKeyArn: "arn:aws:kms:eu-central-1:111122223333:key/k" }, 0],
    [{ ...ALARMED }, 0.6],
    [{ ...ALARMED, TokenRoute: "on" }, 0.6],
    [{ ...ALARMED, KeyCustodianParameter: "KMS" }, 2.7],
    [{ ...ALARMED, KeyCustodianParameter: "KMS", KmsSignQuota: "0" }, 2.6],
    [{ ...ALARMED, KeyCustodianParameter: "KMS", Algorithm: "ML-DSA-44" }, 2.6],
    [{ SecretsManagerRotation: "on", RotateEveryDays: "30" }, 0.4],
    [{ ...ALARMED, KeyCustodianParameter: "SecretsManager", SecretsManagerRotation: "on", RotateEveryDays: "30" }, 1.8],
  ])("counts keys, alarms and the secret that is rotated, as the template makes them (%o)", (parameters, monthly) => {
    const cost = costOfStack(new Map(Object.entries(parameters)), { text: templateText, parameters: template.Parameters });
    expect(cost.monthly).toBeCloseTo(monthly, 6);
    const { made } = resolveStack(template, {
      parameters,
      pseudo,
      attributes: (id: string, name: string) => `${id}.${name}`,
      ref: (id: string) => id,
    });
    const alarms = made.filter((id: string) => template.Resources[id].Type === "AWS::CloudWatch::Alarm").length;
    const said = [
      ...(alarms > 0 ? [`$0.${alarms}0 for ${alarms} alarms`] : []),
      ...(made.includes("ActiveSecret") ? ["$0.40 for the secret that Secrets Manager rotates"] : []),
    ];
    expect(cost.extras).toStrictEqual(said);
  });
});
