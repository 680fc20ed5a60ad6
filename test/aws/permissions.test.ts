import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { activePath } from "../../src/aws/names.js";
import {
  documentPermissions,
  type InstallationScope,
  readingPermissions,
  type Statement,
  signingKeyPolicy,
} from "../../src/aws/permissions.js";
import { createBucket } from "../../src/aws/s3.js";
import { createParameterStore } from "../../src/aws/ssm.js";
import { createTransport, type Transport } from "../../src/aws/transport.js";
import type { RolePermissions } from "../../src/custody/facts.js";
import { CUSTODIES } from "../../src/custody/registry.js";
import { createHandler } from "../../src/lambda/issuer/issuer.js";
import { createManager } from "../../src/rotation/manager.js";
import { createAwsStores } from "../../src/storage/aws/stores.js";
import { some } from "../contracts/matrix.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { custodianOf, KINDS } from "./custodians.js";

type AwsCustody = (typeof KINDS)[number];

const roles = Object.fromEntries(
  await Promise.all(
    CUSTODIES.flatMap((custody) =>
      custody.needsAws ? custody.load().then(({ permissions }) => [custody.name, permissions] as const) : [],
    ),
  ),
);
const rolesOf = (kind: string) => roles[kind] as RolePermissions;
const issuingPermissions = (kind: string, scope: InstallationScope) => [
  ...readingPermissions(scope),
  ...rolesOf(kind).issue(scope),
];
const managingPermissions = (kind: string, scope: InstallationScope) => [
  ...documentPermissions(scope),
  ...rolesOf(kind).manage(scope),
];

let aws: Awaited<ReturnType<typeof startFakeAws>>;
let transport: Transport;
let kmsKey: string;

beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true });
  aws.createBucket("keyrings");
  kmsKey = aws.perform("kms", "CreateKey", {}).KeyMetadata.Arn;
  transport = createTransport({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env });
});

afterAll(async () => {
  transport.close();
  await aws.close();
});

/** What AWS asks for without a call of its own: a right that another action takes besides. */
const IMPLIED = ["kms:TagResource"];
/** What some keys take: one that is imported to be wrapped, and one that is too long for the standard tier. */
const FOR_SOME_KEYS = ["kms:Encrypt", "kms:GenerateDataKey"];

/** The calls of a manager over the whole life of a key: made, published, active, succeeded, removed, swept. */
async function managed(kind: AwsCustody, installation: string, restKey?: string) {
  let now = Math.floor(Date.now() / 1_000);
  const scope = { bucket: createBucket(transport, "keyrings"), prefix: `${installation}/` };
  const stores = createAwsStores(createParameterStore(transport), activePath(installation), scope, restKey);
  // Asked as it is, and answered by the clock of this story.
  const serviceTime = async () => {
    await stores.serviceTime?.();
    return now;
  };
  const manager = () =>
    createManager({
      stores: { ...stores, serviceTime },
      custodians: { [kind]: custodianOf(kind, transport, { installation, kmsKey, ...(restKey && { restKey }) }) },
      settings: {
        issuer: "https://issuer.example",
        algorithm: "ES256",
        custody: kind,
        policy: {
          rotateEverySeconds: 172_800,
          publishAheadSeconds: 86_400,
          activeKeyMaxAgeSeconds: 3_600,
          clockSkewSeconds: 300,
        },
        maxTtlSeconds: 3_600,
        allowsUnlimitedTokens: false,
      },
      clock: () => now,
      sleep: async (seconds) => {
        now += seconds;
      },
    });
  const seen = watched();
  for (let day = 0; day < 9; day++) {
    await manager().tick({ createKeyring: true });
    now += 86_400;
  }
  // An issuer without a URL takes a discovery document away.
  const published = await stores.publicDocuments.read();
  if (published !== undefined) await stores.publicDocuments.publish({ jwks: published.jwks }, published.tag);
  return seen();
}

/** @returns what tells the calls since, and what services did with KMS keys in the caller's name */
function watched() {
  const [calls, uses] = [aws.calls.length, aws.keyUses.length];
  return () => [...aws.calls.slice(calls), ...aws.keyUses.slice(uses)];
}

async function issued(installation: string) {
  const env = { ...aws.env, SIGNET_INSTALLATION: installation, SIGNET_KMS_KEY: kmsKey };
  const seen = watched();
  const issue = createHandler(env, () => undefined);
  await issue({ claims: {} }, { awsRequestId: "r", invokedFunctionArn: "arn:aws:lambda:eu-central-1:111122223333:function:f" });
  return seen();
}

function matches(pattern: string, resource: string): boolean {
  return new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`).test(resource);
}

/** The calls that no statement allows, and the actions that no call needs. */
function compared(statements: readonly Statement[], calls: readonly { action: string; resource: string; code: string }[]) {
  const allows = ({ action, resource }: { action: string; resource: string }) =>
    statements.some(
      ({ actions, resources }) => actions.includes(action) && resources.some((pattern) => matches(pattern, resource)),
    );
  const used = new Set(calls.map(({ action }) => action));
  const unused = new Set(statements.flatMap(({ actions }) => actions.filter((action) => !used.has(action))));
  return {
    // An alias that is not there names no key, whose policy could be asked.
    refused: [
      ...new Set(
        calls
          .filter((call) => !allows(call) && !(call.code === "NotFoundException" && call.resource.startsWith("alias/")))
          .map(({ action, resource }) => `${action} ${resource}`),
      ),
    ],
    unused: [...unused].filter((action) => !IMPLIED.includes(action)),
  };
}

function placeOf(installation: string) {
  return {
    partition: "aws",
    urlSuffix: "amazonaws.com",
    region: "eu-central-1",
    accountId: "111122223333",
    installation,
    keyring: { bucket: "keyrings", prefix: `${installation}/` },
  };
}

describe.each(some(2, KINDS))("the rights for %s", (kind) => {
  const scope = placeOf(`rights-${kind}`);
  const here = () => ({ ...scope, kmsKeyArn: kind === "kms-data-key" ? kmsKey : undefined });

  it("are what a manager and an issuer call, and no more", async () => {
    const managing = compared(managingPermissions(kind, here()), await managed(kind, scope.installation));
    expect(managing.refused).toStrictEqual([]);
    expect(managing.unused.filter((action) => !FOR_SOME_KEYS.includes(action))).toStrictEqual([]);
    expect(compared(issuingPermissions(kind, here()), await issued(scope.installation))).toStrictEqual({
      refused: [],
      unused: [],
    });
  });
});

describe.each(KINDS)("the rights for %s", (kind) => {
  const scope = placeOf(`rights-${kind}`);

  it("let an issuer write nothing, and touch no other installation's", () => {
    const statements = issuingPermissions(kind, { ...scope, kmsKeyArn: kind === "kms-data-key" ? kmsKey : undefined });
    const actions = statements.flatMap((statement) => statement.actions);
    expect(actions.filter((action) => !/:(GetParameters|GetSecretValue|Sign|Decrypt)$/.test(action))).toStrictEqual([]);
    for (const { resources, conditions } of statements) {
      expect(JSON.stringify([resources, conditions])).toContain(`rights-${kind}`);
    }
  });

  it("use a key that encrypts at rest through its service alone", () => {
    const kmsKeyArn = "arn:aws:kms:eu-central-1:111122223333:key/k";
    const withKey = [...issuingPermissions(kind, { ...scope, kmsKeyArn }), ...managingPermissions(kind, { ...scope, kmsKeyArn })];
    for (const { resources, conditions } of withKey.filter((statement) => statement.resources.includes(kmsKeyArn))) {
      expect(resources).toStrictEqual([kmsKeyArn]);
      expect(JSON.stringify(conditions)).toMatch(/kms:ViaService|kms:EncryptionContext/);
    }
  });
});

describe("keys that name the roles in their own policy", () => {
  const scope = { ...placeOf("by-policy"), hasKeyPolicies: true };
  const [issuer, manager] = ["arn:aws:iam::111122223333:role/issuer", "arn:aws:iam::111122223333:role/manager"];

  it("need no right that goes by a tag", () => {
    const statements = [...issuingPermissions("kms", scope), ...managingPermissions("kms", scope)];
    expect(JSON.stringify(statements)).not.toContain("aws:ResourceTag");
    expect(statements.flatMap(({ actions }) => actions)).not.toContain("kms:Sign");
  });

  it("give each what it needs, and leave the rest to the account", () => {
    const { Statement } = JSON.parse(signingKeyPolicy(scope, issuer, manager));
    expect(
      Statement.map(({ Principal, Action }: { Principal: { AWS: string }; Action: unknown }) => [Principal.AWS, Action]),
    ).toEqual([
      ["arn:aws:iam::111122223333:root", "kms:*"],
      [issuer, "kms:Sign"],
      [manager, ["kms:Sign", "kms:GetPublicKey", "kms:ScheduleKeyDeletion"]],
    ]);
  });

  it("are made with two tags and no other", () => {
    const making = managingPermissions("kms", scope).filter(({ actions }) => actions.includes("kms:TagResource"));
    expect(making).toHaveLength(1);
    expect(making[0]?.conditions).toStrictEqual({
      StringEquals: { "aws:RequestTag/signet:installation": "by-policy" },
      "ForAllValues:StringEquals": { "aws:TagKeys": ["signet:installation", "signet:key"] },
    });
  });
});

describe.each(some(1, ["secrets-manager", "parameter-store"] as const))(
  "the rights for %s with a KMS key that encrypts at rest",
  (kind) => {
    it("are what is called and what the service does in the caller's name, and no more", async () => {
      const installation = `at-rest-${kind}`;
      const scope = { ...placeOf(installation), kmsKeyArn: kmsKey };
      const managing = compared(managingPermissions(kind, scope), await managed(kind, installation, kmsKey));
      expect(managing).toStrictEqual({ refused: [], unused: kind === "parameter-store" ? ["kms:GenerateDataKey"] : [] });
      const issuing = compared(issuingPermissions(kind, scope), await issued(installation));
      expect(issuing).toStrictEqual({ refused: [], unused: [] });
    });

    it("are no help where the key is disabled, and the error says what to look at", async () => {
      const { KeyId: restKey } = aws.perform("kms", "CreateKey", {}).KeyMetadata;
      const custodian = custodianOf(kind, transport, { installation: `disabled-${kind}`, kmsKey, restKey });
      aws.perform("kms", "DisableKey", { KeyId: restKey });
      const made = custodian.create("a", algorithmNamed("ES256"));
      await expect(made).rejects.toMatchObject({ code: "key_unusable", message: expect.stringContaining("enabled") });
    });
  },
);
