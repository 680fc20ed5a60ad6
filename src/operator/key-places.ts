import type { SecretVersion } from "../aws/foreign-values.js";
import { SignetError } from "../errors.js";

/** Where a key is, as it was given. */
export type KeyPlace =
  | { readonly service: "file"; readonly path: string }
  | { readonly service: "stdin" }
  | { readonly service: "env"; readonly name: string }
  | { readonly service: "ssm"; readonly name: string; readonly selector: string }
  | ({ readonly service: "secret"; readonly name: string; readonly member?: string | undefined } & SecretVersion)
  | { readonly service: "kms"; readonly name: string };

/** What says where a key is, for help and errors. */
const PLACES = "a file, - for stdin, env:NAME, ssm:NAME, secret:NAME, kms:KEY, or an ARN of a parameter, a secret or a KMS key";

const ARN = /^arn:[\w-]+:(ssm|secretsmanager|kms):[^:]*:[^:]*:/;
const SERVICES = new Map([
  ["ssm", "ssm"],
  ["secretsmanager", "secret"],
  ["kms", "kms"],
]);

/**
 * Reads where a key is. Names of parameters and secrets have no colon, so that what stands behind one chooses of what is there: the version
 * or label of a parameter, and of a secret `MEMBER:STAGE:VERSION`, as Amazon ECS writes it.
 *
 * @throws SignetError `usage`
 */
export function parseKeyPlace(source: string): KeyPlace {
  assertPlace(source);
  if (source === "-") return { service: "stdin" };
  const [, prefix = "", rest = ""] = /^(ssm|secret|kms|env):(.*)$/s.exec(source) ?? [];
  assertPlace(rest);
  if (prefix === "env") return { service: "env", name: variableIn(rest) };
  const given = prefix === "" ? source : rest;
  const [start = "", named] = ARN.exec(given) ?? [];
  const service = named === undefined ? prefix : SERVICES.get(named);
  if ((prefix !== "" && (service !== prefix || given === "")) || (start === "" && given.startsWith("arn:"))) {
    throw new SignetError(
      "usage",
      "an ARN of a parameter, a secret or a KMS key can be imported, or what is given as ssm:NAME, secret:NAME or kms:KEY",
    );
  }
  if (service === "kms" || given.startsWith("alias/")) return { service: "kms", name: given };
  if (service === "ssm") return parameterPlace(given, start);
  return service === "secret" ? secretPlace(given, start) : { service: "file", path: source };
}

/** JSON, PEM, or one of these or DER in base64: a sequence that is short, as those of elliptic curves are, has its length in one byte. */
const PASTED =
  /^\s*[{["']|-----BEGIN|[\r\n]|^LS0t|^MI[\w+/=]{60}|^M[A-H][\w+/-]CAQ[AE][\w+/=-]{30}|^(?:eyJ|ewo|eyAi)[\w+/-]{36,}={0,2}$/;

// What was pasted in the place of a name must not be repeated by the error that says there is no such file.
function assertPlace(source: string): void {
  if (!PASTED.test(source) && source.length <= 4_096) return;
  throw new SignetError("usage", `this is a key itself and not where one is; give ${PLACES}`);
}

function variableIn(name: string): string {
  if (/^[A-Za-z_]\w{0,127}$/.test(name)) return name;
  throw new SignetError("usage", "env: takes the name of a variable that holds the key: env:SIGNING_KEY");
}

function parameterPlace(given: string, start: string): KeyPlace {
  const [name = "", selector] = given.slice(start.length).split(":");
  return { service: "ssm", name: start + name, selector: selector === undefined || selector === "" ? "" : `:${selector}` };
}

function secretPlace(given: string, start: string): KeyPlace {
  // `secret:NAME` of an ARN is one name.
  const [kind, ...rest] = given.slice(start.length).split(":");
  const [name = "", member, stage, version] = start === "" ? [kind, ...rest] : rest;
  const full = start === "" ? name : `${start}${kind}:${name}`;
  const [one, two, three] = [member, stage, version].map((each) => each || undefined);
  return { service: "secret", name: full, member: one, stage: two, version: three };
}
