import { foreignParameters, foreignSecret } from "../aws/foreign-values.js";
import { ownMember } from "../encoding/own-member.js";
import { isSignetError, SignetError } from "../errors.js";
import { awsAccess } from "./aws-access.js";
import { MAX_KEY_BYTES, readGivenFile, readStandardInput } from "./given-file.js";
import type { KeyPlace } from "./key-places.js";
import type { Surroundings } from "./surroundings.js";

/** What stands where a key is: nothing is read of it yet. */
export interface KeyContent {
  readonly content: Uint8Array | string;
  /** The one member of it that is meant. */
  readonly member?: string | undefined;
  /** The name that its place gives the key. */
  readonly kid?: string | undefined;
  /** The text of its public part that stands beside it, and where. */
  readonly beside?: { readonly content: string; readonly where: string } | undefined;
}

/**
 * Reads what is there. Nothing is changed.
 *
 * @param region that of what has no ARN
 * @throws SignetError `usage`, `key_not_found`, `store_insecure`, and what AWS answers
 */
export async function readKeyPlace(
  surroundings: Surroundings,
  place: Exclude<KeyPlace, { readonly service: "kms" }>,
  region: string | undefined,
): Promise<KeyContent> {
  switch (place.service) {
    case "file":
      return { content: await fileContent(surroundings, place.path) };
    case "stdin":
      return { content: await readStandardInput() };
    case "env":
      return { content: variable(surroundings, place.name) };
    case "ssm":
      return parameterContent(surroundings, place, region);
    case "secret":
      return secretContent(surroundings, place, region);
  }
}

async function fileContent(surroundings: Surroundings, file: string): Promise<Uint8Array> {
  return readGivenFile(surroundings, file, undefined, MAX_KEY_BYTES).catch((error: unknown) => {
    if (!isSignetError(error, "usage") || !file.startsWith("/")) throw error;
    throw new SignetError("usage", `${error.message}; a parameter is given as ssm:${file}`, { cause: error });
  });
}

function variable({ env }: Surroundings, name: string): string {
  const value = ownMember(env, name);
  if (value !== undefined && value !== "") return value;
  throw new SignetError("usage", `the environment variable ${name} is not set, or is empty; it has to hold the key`);
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** A private key in a parameter; beside `.../private-key` its public part is looked at, and the path's UUID names the key. */
async function parameterContent(
  surroundings: Surroundings,
  { name, selector }: Extract<KeyPlace, { readonly service: "ssm" }>,
  region: string | undefined,
): Promise<KeyContent> {
  const transport = awsAccess(surroundings, name, region);
  const isPair = name.endsWith("/private-key");
  const besideName = isPair ? name.replace(/private-key$/, "public-key") : undefined;
  const read = async (names: readonly string[]) =>
    foreignParameters(
      transport,
      names.map((each) => `${each}${selector}`),
    );
  const names = besideName === undefined ? [name] : [name, besideName];
  let found = await read(names);
  let value = parameterIn(found, name);
  if (value === undefined && name.startsWith("arn:")) {
    // What an ARN calls NAME may be called /NAME; and not every service that stands in for AWS finds parameters by their ARN.
    const bare = plainName(name);
    const own = (await read(bare.includes("/") ? names.map((each) => `/${plainName(each)}`) : [bare, `/${bare}`])) ?? [];
    found = own.filter(({ ARN }) => !ARN || names.includes(ARN));
    value = parameterIn(found, name);
  }
  if (value === undefined) {
    const path = name.startsWith("arn:") ? `/${plainName(name)}` : name;
    throw new SignetError("key_not_found", `there is no parameter ${path}${selector}, or it may not be read from here`);
  }
  if (besideName === undefined) return { content: value };
  const publicText = parameterIn(found, besideName);
  return {
    content: value,
    kid: UUID.exec(name)?.[0],
    beside: publicText === undefined ? undefined : { content: publicText, where: besideName },
  };
}

// The name of a parameter without what may stand around it: ARN, slash, version or label.
function plainName(name: string): string {
  const path = name.startsWith("arn:") ? (name.split(":parameter")[1] ?? "") : name;
  return (path.startsWith("/") ? path.slice(1) : path).split(":")[0] ?? "";
}

function parameterIn(found: Awaited<ReturnType<typeof foreignParameters>>, name: string): string | undefined {
  return found.find(({ Name }) => plainName(Name) === plainName(name))?.Value;
}

async function secretContent(
  surroundings: Surroundings,
  { name, member, stage, version }: Extract<KeyPlace, { readonly service: "secret" }>,
  region: string | undefined,
): Promise<KeyContent> {
  const content = await foreignSecret(awsAccess(surroundings, name, region), name, { stage, version });
  if (content !== undefined) return { content, member };
  const which = stage === undefined && version === undefined ? "" : " with a value of this label and version";
  throw new SignetError("key_not_found", `there is no secret ${name}${which}, or it is about to be deleted`);
}
