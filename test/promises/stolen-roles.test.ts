import { describe, expect, it } from "vitest";
import { isAllowed, resolveStack } from "../deploy/cloudformation.mjs";
import { pseudo, template } from "../deploy/stack.js";

/* What docs/promises.md says of a stolen role, against the rights that the template gives. */

const BUCKET = "signet-keyring-1a2b3c";
const ARN = (service: string, rest: string): string => `arn:aws:${service}:eu-central-1:111122223333:${rest}`;
const OBJECT = (key: string): string => `arn:aws:s3:::${BUCKET}/${key}`;
const INSTALLATION = { "kms:EncryptionContext:signet:installation": BUCKET };

const stack = resolveStack(template, {
  parameters: {},
  pseudo,
  attributes: (id: string, name: string) => (id === "Keyring" ? `arn:aws:s3:::${BUCKET}` : `${id}.${name}`),
  ref: (id: string) => (id === "Keyring" ? BUCKET : id),
});

const SECRET = ARN("secretsmanager", `secret:signet/${BUCKET}/keys/b-x1y2z3`);

type Role = "IssuerRole" | "ManagerRole";

function may(role: Role, action: string, resource: string, context: Record<string, string> = {}): boolean {
  const { Policies } = stack.properties(role) as { Policies: readonly { PolicyDocument: { Statement: readonly object[] } }[] };
  const statements = Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  return isAllowed(statements, { action, resource, context });
}

/** What the policy of each key that is made in KMS lets a role do. */
function inKms(role: Role): readonly string[] {
  const { Environment } = stack.properties("Manager") as { Environment: { Variables: Record<string, string> } };
  const { Statement } = JSON.parse(Environment.Variables.SIGNET_KEY_POLICY as string) as {
    Statement: readonly { Principal: { AWS: string }; Action: string | readonly string[] }[];
  };
  return Statement.filter(({ Principal }) => Principal.AWS === `${role}.Arn`)
    .flatMap(({ Action }) => Action)
    .sort();
}

describe("a stolen issuer role", () => {
  it("reads the active document, and with it a key that is in Parameter Store, or wrapped; of other keys in Parameter Store none", () => {
    expect(may("IssuerRole", "ssm:GetParameters", ARN("ssm", `parameter/signet/${BUCKET}/active/3`))).toBe(true);
    expect(may("IssuerRole", "kms:Decrypt", ARN("kms", "key/a"), INSTALLATION)).toBe(true);
    expect(may("IssuerRole", "ssm:GetParameters", ARN("ssm", `parameter/signet/${BUCKET}/keys/b`))).toBe(false);
    expect(may("IssuerRole", "ssm:GetParameters", ARN("ssm", "parameter/signet/other/active/3"))).toBe(false);
  });

  it("reads every key in Secrets Manager, the standby's as well", () => {
    expect(may("IssuerRole", "secretsmanager:GetSecretValue", SECRET)).toBe(true);
    expect(may("IssuerRole", "secretsmanager:GetSecretValue", ARN("secretsmanager", "secret:other/keys/b-x1y2z3"))).toBe(false);
  });

  it("signs with a key in KMS, whose own policy lets it do nothing else", () => {
    expect(inKms("IssuerRole")).toStrictEqual(["kms:Sign"]);
    expect(may("IssuerRole", "kms:Sign", ARN("kms", "key/a"), INSTALLATION)).toBe(false);
  });

  it("changes nothing: no key, no keyring, no JWKS", () => {
    for (const [action, resource] of [
      ["s3:PutObject", OBJECT(".well-known/jwks.json")],
      ["s3:GetObject", OBJECT("keyring.json")],
      ["ssm:PutParameter", ARN("ssm", `parameter/signet/${BUCKET}/active/4`)],
      ["ssm:DeleteParameter", ARN("ssm", `parameter/signet/${BUCKET}/active/3`)],
      ["secretsmanager:DeleteSecret", SECRET],
      ["kms:ScheduleKeyDeletion", ARN("kms", "key/a")],
      ["kms:CreateKey", "*"],
    ] as const)
      expect([action, may("IssuerRole", action, resource, INSTALLATION)]).toStrictEqual([action, false]);
  });
});

describe("a stolen key manager role", () => {
  it("publishes a key of its own: it is the issuer, until the JWKS is put right", () => {
    expect(may("ManagerRole", "s3:PutObject", OBJECT(".well-known/jwks.json"))).toBe(true);
  });

  it("reads keys in Parameter Store and Secrets Manager, and unwraps those that are wrapped", () => {
    expect(may("ManagerRole", "ssm:GetParameters", ARN("ssm", `parameter/signet/${BUCKET}/keys/b`))).toBe(true);
    expect(may("ManagerRole", "secretsmanager:GetSecretValue", SECRET)).toBe(true);
    expect(may("ManagerRole", "kms:Decrypt", ARN("kms", "key/a"), INSTALLATION)).toBe(true);
  });

  it("signs with keys in KMS, and schedules them away; who may use them it cannot change", () => {
    expect(inKms("ManagerRole")).toStrictEqual(["kms:GetPublicKey", "kms:ScheduleKeyDeletion", "kms:Sign"]);
    for (const action of ["kms:PutKeyPolicy", "kms:CreateGrant", "kms:ScheduleKeyDeletion", "kms:DisableKey"])
      expect([action, may("ManagerRole", action, ARN("kms", "key/a"), INSTALLATION)]).toStrictEqual([action, false]);
  });

  it("makes keys in KMS, with a policy of its own: such a key others may use when the role is gone", () => {
    const tags = { "aws:RequestTag/signet:installation": BUCKET };
    expect(may("ManagerRole", "kms:CreateKey", "*", tags)).toBe(true);
    expect(may("ManagerRole", "kms:CreateKey", "*", { "aws:RequestTag/signet:installation": "other" })).toBe(false);
  });

  it("takes what it overwrote out of the bucket's past as well, so that a copy elsewhere is worth having", () => {
    expect(may("ManagerRole", "s3:DeleteObjectVersion", OBJECT("audit/1.json"))).toBe(true);
  });

  it("reaches no other installation, changes no function, and gives itself no right", () => {
    for (const [action, resource] of [
      ["ssm:GetParameters", ARN("ssm", "parameter/signet/other/keys/b")],
      ["secretsmanager:GetSecretValue", ARN("secretsmanager", "secret:signet/other/keys/b-x1y2z3")],
      ["s3:PutObject", "arn:aws:s3:::signet-keyring-other/keyring.json"],
      ["kms:Decrypt", ARN("kms", "key/a")],
      ["lambda:UpdateFunctionCode", "Issuer.Arn"],
      ["lambda:InvokeFunction", "Issuer.Arn"],
      ["lambda:AddPermission", "Issuer.Arn"],
      ["iam:PutRolePolicy", "*"],
      ["kms:PutKeyPolicy", ARN("kms", "key/a")],
    ] as const)
      expect([action, may("ManagerRole", action, resource)]).toStrictEqual([action, false]);
  });
});
