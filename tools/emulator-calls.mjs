/** Calls to an emulator of AWS, as its own clients make them but without their packages. It looks at no signature. */
/** The region in which emulators are asked. */
export const REGION = "eu-central-1";

/** @param {string} url the emulator's endpoint */
export function createCalls(url) {
  const authorization = (service) =>
    `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/${service}/aws4_request, SignedHeaders=host, Signature=0`;
  const call = async (service, path, init = {}) => {
    const headers = { authorization: authorization(service), ...init.headers };
    const answer = await fetch(`${url}${path}`, { ...init, headers });
    return answer.text();
  };
  const target = async (service, name, input = {}) =>
    JSON.parse(
      await call(service, "/", {
        method: "POST",
        headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": name },
        body: JSON.stringify(input),
      }),
    );
  const query = (service, action, version) =>
    call(service, "/", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: `Action=${action}&Version=${version}`,
    });
  return {
    object: (bucket, key) => call("s3", `/${bucket}/${key}`),
    async put(bucket, key, body) {
      const place = `<CreateBucketConfiguration><LocationConstraint>${REGION}</LocationConstraint></CreateBucketConfiguration>`;
      await call("s3", `/${bucket}`, { method: "PUT", body: place });
      await call("s3", `/${bucket}/${key}`, { method: "PUT", body });
    },
    invoke: async (name, event) =>
      JSON.parse(
        await call("lambda", `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`, {
          method: "POST",
          body: JSON.stringify(event),
        }),
      ),
    configure: (name, variables) =>
      call("lambda", `/2015-03-31/functions/${encodeURIComponent(name)}/configuration`, {
        method: "PUT",
        body: JSON.stringify({ Environment: { Variables: variables } }),
      }),
    variables: async (name) => {
      const found = JSON.parse(await call("lambda", `/2015-03-31/functions/${encodeURIComponent(name)}/configuration`));
      return found.Environment.Variables;
    },
    inventory: () => inventoryOf({ call, target, query }),
  };
}

/** What there is that a stack of ours can make; the bucket that hands templates over is not part of it. */
async function inventoryOf({ call, target, query }) {
  const names = (text, tag) => [...text.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, "g"))].map(([, name]) => name).sort();

  const [functions, apis, roles, buckets, kms, parameters, secrets, schedules, logs] = await Promise.all([
    call("lambda", "/2015-03-31/functions/"),
    call("apigateway", "/restapis"),
    query("iam", "ListRoles", "2010-05-08"),
    call("s3", "/"),
    target("kms", "TrentService.ListKeys"),
    target("ssm", "AmazonSSM.DescribeParameters"),
    target("secretsmanager", "secretsmanager.ListSecrets"),
    call("scheduler", "/schedules"),
    target("logs", "Logs_20140328.DescribeLogGroups"),
  ]);
  const keyStates = await Promise.all(
    kms.Keys.map(async ({ KeyId }) => (await target("kms", "TrentService.DescribeKey", { KeyId })).KeyMetadata.KeyState),
  );
  return {
    functions: JSON.parse(functions).Functions.map(({ FunctionName }) => FunctionName),
    apis: JSON.parse(apis).item ?? [],
    roles: names(roles, "RoleName"),
    buckets: names(buckets, "Name").filter((name) => !/^(signet-)?templates/.test(name)),
    keys: keyStates.filter((state) => state !== "PendingDeletion").length,
    parameters: parameters.Parameters.map(({ Name }) => Name).filter((name) => name.startsWith("/signet/")),
    secrets: secrets.SecretList.map(({ Name }) => Name),
    schedules: JSON.parse(schedules).Schedules.map(({ Name }) => Name),
    logGroups: logs.logGroups.map(({ logGroupName }) => logGroupName),
  };
}
