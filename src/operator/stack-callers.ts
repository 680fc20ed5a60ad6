import type { Stack } from "../deploy/stack.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError, SignetError } from "../errors.js";
import { readCallers } from "../issue/callers-json.js";
import { presentSeconds } from "../issue/issuer.js";
import { awsAccess } from "./aws-access.js";
import type { ListedCaller } from "./callers.js";
import { type LoggedUses, loggedUses } from "./logged-uses.js";
import { parameterOf, withNamedStack } from "./stack-access.js";
import { proofDoubts } from "./stack-change.js";
import type { Surroundings } from "./surroundings.js";

const DAY_SECONDS = 86_400;
/** The resource of the template that is the log of the function that issues. */
const LOG = "IssuerLog";
/** The levels of the log that have a line for what was issued. */
const TELLING_LEVELS = ["TRACE", "DEBUG", "INFO"];

/** The callers of a stack, and what is known of their use. */
export interface StackCallers {
  readonly stack: string;
  readonly region: string;
  /** As the parameter `Callers` says; none has secrets. */
  readonly callers: readonly ListedCaller[];
  /** How many days of the log were read: no more than it keeps. */
  readonly days: number;
  /** Absent where the log cannot tell. */
  readonly uses?: LoggedUses;
  /** Why it cannot. */
  readonly failure?: SignetError;
  /** What is doubtful about how they prove themselves. */
  readonly doubts: readonly string[];
}

/**
 * The callers of an issuer that a stack has installed, as its parameter `Callers` says. Its log is left alone.
 *
 * @param name `stack:NAME`
 * @throws SignetError as `stackCallers`
 */
export async function namedCallers(surroundings: Surroundings, name: string): Promise<readonly ListedCaller[]> {
  return withNamedStack(surroundings, name, async ({ name: stackName, stack }) => callersOf(stack, stackName));
}

/**
 * The callers of an issuer that a stack has installed, and when the log in AWS says that each was issued tokens last.
 *
 * @param name `stack:NAME`
 * @param days how far back the log is read
 * @throws SignetError `usage` where there is no such stack in the region of the environment, or it has no parameter `Callers`;
 *   `config_invalid` for a value of that which this version cannot read
 */
export async function stackCallers(surroundings: Surroundings, name: string, days: number): Promise<StackCallers> {
  return withNamedStack(surroundings, name, async ({ name: stackName, region, stack, client }) => {
    const callers = callersOf(stack, stackName);
    const read = Math.min(days, Number(parameterOf(stack, "LogRetentionDays")) || days);
    const doubts = proofDoubts((parameter) => parameterOf(stack, parameter));
    const found = { stack: stackName, region, callers, days: read, doubts };
    try {
      assertTelling(stack, stackName, surroundings);
      const group = await client.resourceId(LOG);
      return { ...found, uses: await usesIn(surroundings, region, group, read) };
    } catch (error) {
      if (!isSignetError(error)) throw error;
      return { ...found, failure: error };
    }
  });
}

async function usesIn(surroundings: Surroundings, region: string, group: string, days: number): Promise<LoggedUses> {
  const transport = awsAccess(surroundings, "", region);
  const to = presentSeconds();
  try {
    return await loggedUses(transport, { group, from: to - days * DAY_SECONDS, to });
  } finally {
    transport.close();
  }
}

function callersOf(stack: Stack, name: string): readonly ListedCaller[] {
  if (!stack.Parameters?.some(({ ParameterKey }) => ParameterKey === "Callers")) {
    const words = `the stack ${name} has no parameter Callers: it is not of Signet's template, or of the CDK, where callers are a prop`;
    throw new SignetError("usage", words);
  }
  try {
    const read = readCallers(parseStrictJson(parameterOf(stack, "Callers"), "it") as object);
    return read.map(
      ({ limits = {}, may, ...caller }) => ({ ...caller, limits, secrets: [], ...(may && { may }) }) as ListedCaller,
    );
  } catch (error) {
    if (!isSignetError(error)) throw error;
    throw new SignetError("config_invalid", `the parameter Callers of the stack ${name}: ${error.message}`, { cause: error });
  }
}

// Without lines of what was issued, a caller that is used would look like one that is not.
function assertTelling(stack: Stack, name: string, { self }: Surroundings): void {
  const level = parameterOf(stack, "LogLevelApplicationParameter");
  if (level === "" || TELLING_LEVELS.includes(level)) return;
  const words = `the log leaves out what is issued, since LogLevelApplicationParameter is ${level}: \`${self} deploy --stack ${name} LogLevelApplicationParameter=INFO\` writes it from then on`;
  throw new SignetError("config_invalid", words);
}
