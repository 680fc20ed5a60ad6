import { describe, expect, it } from "vitest";
import { secretRotationPermissions } from "../../../src/aws/permissions.js";
import { HOUR, playedManagers } from "./played-managers.js";

const { aws, pass, installed } = await playedManagers();

describe("a rotation that Secrets Manager drives", () => {
  const place = { partition: "aws", urlSuffix: "amazonaws.com", region: "eu-central-1", accountId: "111122223333" };

  async function rotating() {
    const { ask, keyring, name, create } = installed({
      SIGNET_CUSTODY: "secrets-manager",
      SIGNET_ROTATION: '{"rotateEverySeconds": 0}',
    });
    await create();
    const active = (): string => keyring().keys.find((key: { state: string }) => key.state === "active").publicJwk.kid;
    const token = "5f2e7c10-1d2c-11ee-be56-0242ac120001";
    const created = { Name: `signet/${name}/active`, SecretString: JSON.stringify({ kid: active() }), ClientRequestToken: token };
    const { ARN: SecretId } = aws.perform("secretsmanager", "CreateSecret", created);
    const begin = (ClientRequestToken: string) => {
      aws.perform("secretsmanager", "RotateSecret", { SecretId, ClientRequestToken });
      return (Step: string) => ask({ Step, SecretId, ClientRequestToken });
    };
    const current = () => JSON.parse(aws.perform("secretsmanager", "GetSecretValue", { SecretId }).SecretString).kid as string;
    return { ask, name, keyring, active, begin, current, SecretId };
  }

  const NEXT = "5f2e7c10-1d2c-11ee-be56-0242ac120002";

  it("names the time before which no standby is old enough, then rotates in four steps, each of which may come twice", async () => {
    const { ask, name, active, begin, current, SecretId } = await rotating();
    const first = active();
    const step = begin(NEXT);
    await expect(step("createSecret")).rejects.toMatchObject({
      name: "plan_refused",
      message: expect.stringContaining("2027-01-16"),
    });
    await expect(step("setSecret")).rejects.toThrow("createSecret comes first");
    pass(23 * HOUR);
    await expect(step("createSecret")).rejects.toMatchObject({ name: "plan_refused" });
    pass(2 * HOUR);
    const calls = aws.calls.length;
    for (const each of ["createSecret", "createSecret", "setSecret", "setSecret", "testSecret", "finishSecret", "finishSecret"]) {
      expect(await step(each)).toStrictEqual({});
      if (each === "createSecret") expect(active()).toBe(first);
    }
    expect([active(), current()]).toStrictEqual([expect.not.stringMatching(first), active()]);
    await ask({});
    const onIt = aws.calls
      .slice(calls)
      .filter(({ resource }) => resource === SecretId)
      .map(({ action }) => action);
    const [{ actions = [], resources = [] } = {}] = secretRotationPermissions({ ...place, installation: name });
    expect([...new Set(onIt)].sort()).toStrictEqual([...actions].sort());
    expect(SecretId.startsWith((resources[0] ?? "").replace("*", ""))).toBe(true);
  });

  it("follows a rotation that another manager was faster with", async () => {
    const { ask, active, begin, current } = await rotating();
    await ask({ action: "rotate" });
    pass(25 * HOUR);
    await ask({});
    const step = begin(NEXT);
    for (const each of ["createSecret", "setSecret", "testSecret", "finishSecret"]) await step(each);
    expect(current()).toBe(active());
  });

  it("gives a version up whose key was revoked after it was staged, since Secrets Manager would try the same one for good", async () => {
    const { ask, keyring, active, begin, current } = await rotating();
    await ask({ action: "rotate" });
    pass(25 * HOUR);
    await ask({});
    const staged = active();
    const step = begin(NEXT);
    await step("createSecret");
    await ask({ action: "revoke", kid: staged, reason: "test" });
    await ask({});
    expect(active()).not.toBe(staged);
    const before = keyring().rotationToken;
    await expect(step("setSecret")).rejects.toMatchObject({
      name: "plan_refused",
      message: expect.stringContaining("start the rotation again"),
    });
    await expect(step("setSecret")).rejects.toThrow("not a version that is being rotated");
    expect(keyring().rotationToken).toBe(before);
    const again = begin("5f2e7c10-1d2c-11ee-be56-0242ac120009");
    for (const each of ["createSecret", "setSecret", "testSecret", "finishSecret"]) await again(each);
    expect(current()).toBe(active());
  });

  it("gives a version up whose key could not be proven when its turn came, and another signs since", async () => {
    const { ask, keyring, active, begin, current, SecretId } = await rotating();
    const step = begin(NEXT);
    await step("createSecret").catch(() => undefined);
    pass(25 * HOUR);
    await step("createSecret");
    const { kid } = JSON.parse(aws.perform("secretsmanager", "GetSecretValue", { SecretId, VersionId: NEXT }).SecretString);
    const { id } = keyring().keys.find(({ publicJwk }: { publicJwk: { kid: string } }) => publicJwk.kid === kid);
    const held = [...aws.state.secrets.values()].find(({ name }: { name: string }) => name.endsWith(`/keys/${id}`));
    // Nobody can decrypt it, until somebody enables that key again: it is passed over, and not lost.
    held.kmsKeyId = "arn:aws:kms:eu-central-1:111122223333:key/disabled";
    const said: string[] = [];
    for (let day = 0; day < 4; day++) {
      await step("setSecret").catch(({ message }: Error) => said.push(message));
      pass(25 * HOUR);
      await ask({}).catch(() => undefined);
    }
    expect(keyring().keys.find((key: { id: string }) => key.id === id)).toMatchObject({
      state: "pending",
      unprovenAt: expect.any(Number),
    });
    expect(said.filter((words) => words.includes("start the rotation again"))).toHaveLength(1);
    expect(active()).not.toBe(kid);
    const again = begin("5f2e7c10-1d2c-11ee-be56-0242ac120009");
    for (const each of ["createSecret", "setSecret", "testSecret", "finishSecret"]) await again(each);
    expect(current()).toBe(active());
  });

  it.each([
    [{ Step: "createSecret", SecretId: "other", ClientRequestToken: NEXT }, "other"],
    [{ Step: "dropSecret", SecretId: "own", ClientRequestToken: NEXT }, "Step"],
    [{ Step: "createSecret", SecretId: "own", ClientRequestToken: "5f2e7c10-1d2c-11ee-be56-0242ac120003" }, "being rotated"],
  ])("refuses %o", async (event, words) => {
    const { ask, keyring, SecretId } = await rotating();
    aws.perform("secretsmanager", "CreateSecret", {
      Name: `other-${SecretId.slice(-6)}`,
      SecretString: "{}",
      ClientRequestToken: NEXT,
    });
    const before = JSON.stringify(keyring());
    const target = event.SecretId === "own" ? SecretId : `other-${SecretId.slice(-6)}`;
    const failure = await ask({ ...event, SecretId: target }).catch((error: Error) => error);
    expect(failure).toMatchObject({
      name: "invalid_request",
      message: expect.stringContaining(words === "other" ? "SecretId" : words),
    });
    expect(JSON.stringify(keyring())).toBe(before);
  });
});
