/** Parameter Store: rules from its API reference and the Systems Manager user guide. */
import { must, page, Refusal } from "./refusal.mjs";

/** @param {{ region: string, accountId: string, partition: string, now: () => number, useKey: (service: string, named: string, actions: readonly string[], context: Record<string, string>) => void, needKms: (code: string) => void, lag: ReturnType<typeof import("./lag.mjs").createLag> }} world */
export function createSsmFake(world) {
  const parameters = world.lag.map();
  const arnOf = (name) =>
    `arn:${world.partition}:ssm:${world.region}:${world.accountId}:parameter${name.startsWith("/") ? "" : "/"}${name}`;

  function checkName(name) {
    must(typeof name === "string" && /^[a-zA-Z0-9_.\-/]{1,1011}$/.test(name), "ValidationException", `Parameter name: ${name}`);
    must(
      !/^\/?(aws|ssm)/i.test(name),
      "ValidationException",
      'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).',
    );
    must(!name.includes("/") || name.startsWith("/"), "ValidationException", "a name with slashes is fully qualified");
    // PutParameter, "Name": a hierarchy of at most fifteen levels.
    must(name.split("/").length - 1 <= 15, "HierarchyLevelLimitExceededException");
  }

  // User guide, "How AWS Systems Manager Parameter Store uses AWS KMS": the caller needs the rights on a key of its own, and the encryption
  // context is the parameter's ARN.
  function useKey({ name, type, keyId = "alias/aws/ssm" }, action) {
    const context = { "kms:EncryptionContext:PARAMETER_ARN": arnOf(name) };
    if (type === "SecureString" && keyId !== "alias/aws/ssm") world.useKey("ssm", keyId, [action], context);
  }

  function textOf(entry, isDecrypted) {
    if (entry.type !== "SecureString") return entry.value;
    if (!isDecrypted) return Buffer.from(`AQICAH${entry.name}${entry.version}`).toString("base64");
    useKey(entry, "Decrypt");
    world.needKms("InternalServerError");
    return entry.value;
  }
  const shown = (entry, isDecrypted) => ({
    Name: entry.name,
    Type: entry.type,
    Value: textOf(entry, isDecrypted),
    Version: entry.version,
    LastModifiedDate: entry.at / 1000,
    ARN: arnOf(entry.name),
    DataType: "text",
  });
  // GetParameters, "Names": a name or an ARN, which says the same of NAME and /NAME, with `:VERSION` or `:LABEL` behind it.
  const chosen = (asked) => {
    const prefix = arnOf("");
    const isArn = asked.startsWith(prefix);
    const [bare, selector] = (isArn ? asked.slice(prefix.length) : asked).split(":");
    const versions = parameters.get(bare) ?? (isArn ? parameters.get(`/${bare}`) : undefined);
    if (selector === undefined) return versions?.at(-1);
    return versions?.find(({ version, labels }) => String(version) === selector || labels?.includes(selector));
  };
  const current = (name) => {
    const found = parameters.get(name);
    must(found, "ParameterNotFound");
    return found.at(-1);
  };

  const actions = {
    PutParameter({ Name, Value, Type, Overwrite = false, Tier = "Standard", KeyId }) {
      checkName(Name);
      must(typeof Value === "string" && Value !== "", "ValidationException", "Value");
      const present = parameters.get(Name);
      must(
        present === undefined || Overwrite,
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
      );
      const type = Type ?? present?.at(-1).type;
      must(["String", "StringList", "SecureString"].includes(type), "ValidationException", "Type");
      must(KeyId === undefined || type === "SecureString", "ValidationException", "KeyId is for SecureString");
      const size = Buffer.byteLength(Value);
      // User guide, "Managing parameter tiers": 4 KB standard, 8 KB advanced; an advanced one never becomes standard again.
      const tier = Tier === "Intelligent-Tiering" ? (size > 4096 ? "Advanced" : "Standard") : Tier;
      must(["Standard", "Advanced"].includes(tier), "ValidationException", "Tier");
      must(
        size <= (tier === "Standard" ? 4096 : 8192),
        "ValidationException",
        `${tier} tier parameters support a maximum parameter value of ${tier === "Standard" ? 4096 : 8192} characters.`,
      );
      must(!(present?.at(-1).tier === "Advanced" && tier === "Standard"), "ValidationException", "advanced to standard");
      const entry = {
        name: Name,
        value: Value,
        type,
        tier,
        keyId: KeyId,
        version: (present?.at(-1).version ?? 0) + 1,
        at: world.now(),
      };
      useKey(entry, tier === "Standard" ? "Encrypt" : "GenerateDataKey");
      parameters.set(Name, [...(present ?? []), entry].slice(-100));
      return { Version: entry.version, Tier: tier };
    },
    GetParameter: ({ Name, WithDecryption = false }) => ({ Parameter: shown(current(Name), WithDecryption) }),
    GetParameters({ Names, WithDecryption = false }) {
      must(Array.isArray(Names) && Names.length >= 1 && Names.length <= 10, "ValidationException", "Names: 1 to 10");
      must(
        Names.every((name) => typeof name === "string" && name !== ""),
        "ValidationException",
        "Names",
      );
      must(new Set(Names).size === Names.length, "ValidationException", "Names: duplicates");
      const found = Names.filter((name) => chosen(name) !== undefined);
      return {
        Parameters: found.map((name) => shown(chosen(name), WithDecryption)),
        InvalidParameters: Names.filter((name) => !found.includes(name)),
      };
    },
    LabelParameterVersion({ Name, ParameterVersion, Labels }) {
      const versions = parameters.get(Name);
      must(versions, "ParameterNotFound");
      const version = ParameterVersion ?? versions.at(-1).version;
      for (const each of versions) each.labels = (each.labels ?? []).filter((label) => !Labels.includes(label));
      versions.find((each) => each.version === version).labels.push(...Labels);
      return { InvalidLabels: [], ParameterVersion: version };
    },
    GetParametersByPath({ Path, Recursive = false, WithDecryption = false, MaxResults = 10, NextToken }) {
      must(typeof Path === "string" && Path.startsWith("/"), "ValidationException", "Path");
      must(MaxResults >= 1 && MaxResults <= 10, "ValidationException", "MaxResults: 1 to 10");
      const base = Path.endsWith("/") ? Path : `${Path}/`;
      const names = [...world.lag.seen("parameters", parameters).keys()]
        // What is listed late may be gone: its value is then its last one.
        .filter((name) => parameters.has(name) && name.startsWith(base) && (Recursive || !name.slice(base.length).includes("/")))
        .sort();
      const { items, next } = page(names, MaxResults, NextToken);
      return { Parameters: items.map((name) => shown(current(name), WithDecryption)), ...(next && { NextToken: next }) };
    },
    GetParameterHistory({ Name, WithDecryption = false }) {
      current(Name);
      return { Parameters: parameters.get(Name).map((entry) => shown(entry, WithDecryption)) };
    },
    DeleteParameter({ Name }) {
      must(parameters.delete(Name), "ParameterNotFound");
      return {};
    },
    DeleteParameters({ Names }) {
      must(Array.isArray(Names) && Names.length >= 1 && Names.length <= 10, "ValidationException", "Names: 1 to 10");
      const InvalidParameters = Names.filter((name) => !parameters.has(name));
      return { DeletedParameters: Names.filter((name) => parameters.delete(name)), InvalidParameters };
    },
  };
  const resourceOf = ({ Name, Names, Path }) =>
    arnOf(Name ?? (Names ? `${Names[0].slice(0, Names[0].lastIndexOf("/"))}/*` : `${Path}`));
  return { actions, resourceOf, state: parameters, refuse: (code) => new Refusal(code) };
}
