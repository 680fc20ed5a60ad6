import { randomUUID } from "node:crypto";
import {
  type Change,
  CloudFormationClient,
  type CloudFormationServiceException,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  type Parameter,
  type Stack,
  type StackEvent,
} from "@aws-sdk/client-cloudformation";
import { silenceSdk } from "../aws/credential-chain.js";
import type { CredentialSource } from "../aws/credentials.js";
import { pages } from "../aws/pages.js";
import type { Credentials } from "../aws/sigv4.js";
import { isSignetError, SignetError } from "../errors.js";
import type { TemplateSource } from "./template-bucket.js";

export type { Change, Parameter, Stack, StackEvent };

/** One stack in one region. */
export interface StackClient {
  /** @returns `undefined` where there is none */
  describe(): Promise<Stack | undefined>;
  prepare(source: TemplateSource, parameters: readonly Parameter[], isNew: boolean): Promise<Prepared>;
  /** @param id the stack that was described: one that another deployment has made since, by the same name, stays */
  delete(id?: string): Promise<void>;
  /** The latest events, about a hundred, the oldest first. */
  events(): Promise<readonly StackEvent[]>;
  /** The physical id of a resource, by its name in the template. */
  resourceId(logicalId: string): Promise<string>;
  close(): void;
}

/** A change that waits to be carried out, or dropped. */
export interface Prepared {
  /** None where nothing would change. */
  readonly changes: readonly Change[];
  execute(): Promise<void>;
  /** Forgets it. A stack that it alone has made goes with it. */
  drop(): Promise<void>;
}

const POLL_MS = 1_000;
const NO_CHANGE = /didn't contain changes|no updates are to be performed/i;

/** Where CloudFormation is: at an endpoint that is configured, or at one of AWS's own. */
export interface StackEndpoint {
  readonly endpoint: string | undefined;
  readonly useFipsEndpoint: boolean;
  readonly useDualstackEndpoint: boolean;
}

/** Binds a stack. */
export function createStackClient(
  name: string,
  region: string,
  credentials: CredentialSource,
  { endpoint, ...own }: StackEndpoint,
): StackClient {
  silenceSdk();
  const client = new CloudFormationClient({
    region,
    ...(endpoint === undefined ? own : { endpoint }),
    credentials: async () => identityOf(await credentials()),
  });
  const call = <T>(action: string, made: Promise<T>): Promise<T> =>
    made.catch((error: unknown) => {
      throw explained(error, action, name, region);
    });
  async function describe(id = name): Promise<Stack | undefined> {
    try {
      return (await client.send(new DescribeStacksCommand({ StackName: id }))).Stacks?.[0];
    } catch (error) {
      if (/does not exist/.test((error as Error).message)) return undefined;
      throw explained(error, "DescribeStacks", name, region);
    }
  }

  return Object.freeze({
    describe: () => describe(),
    prepare: (source, parameters, isNew) => prepared({ client, name, call, describe }, { source, parameters, isNew }),
    delete: async (id = name) => void (await call("DeleteStack", client.send(new DeleteStackCommand({ StackName: id })))),
    async events() {
      const found = await client.send(new DescribeStackEventsCommand({ StackName: name })).catch(() => undefined);
      return [...(found?.StackEvents ?? [])].reverse();
    },
    async resourceId(LogicalResourceId) {
      const asked = new DescribeStackResourceCommand({ StackName: name, LogicalResourceId });
      const { StackResourceDetail } = await call("DescribeStackResource", client.send(asked));
      if (StackResourceDetail?.PhysicalResourceId) return StackResourceDetail.PhysicalResourceId;
      throw new SignetError("deploy_failed", `the stack ${name} in ${region} has not made its ${LogicalResourceId}`);
    },
    close: () => client.destroy(),
  } satisfies StackClient);
}

/** What a stack's calls are made with. */
interface Binding {
  readonly client: CloudFormationClient;
  readonly name: string;
  call<T>(action: string, made: Promise<T>): Promise<T>;
  describe(id: string): Promise<Stack | undefined>;
}

interface Wanted {
  readonly source: TemplateSource;
  readonly parameters: readonly Parameter[];
  readonly isNew: boolean;
}

async function prepared({ client, name, call, describe }: Binding, { source, parameters, isNew }: Wanted): Promise<Prepared> {
  // Another deployment of this stack has a change set of its own: neither carries out or drops the other's.
  const changeSet = { StackName: name, ChangeSetName: `signet-${randomUUID()}` };
  const input = { ...changeSet, ...source, Parameters: [...parameters], Capabilities: ["CAPABILITY_IAM" as const] };
  const made = new CreateChangeSetCommand({ ...input, ChangeSetType: isNew ? "CREATE" : "UPDATE" });
  const { StackId: id = name } = await call("CreateChangeSet", client.send(made));
  const drop = async (): Promise<void> => {
    await client.send(new DeleteChangeSetCommand(changeSet)).catch(() => undefined);
    // What would have been a new stack is there by now, with nothing in it, unless another deployment has made it.
    if (!isNew || (await describe(id))?.StackStatus !== "REVIEW_IN_PROGRESS") return;
    await call("DeleteStack", client.send(new DeleteStackCommand({ StackName: id })));
  };
  const execute = async (): Promise<void> => {
    await call("ExecuteChangeSet", client.send(new ExecuteChangeSetCommand(changeSet)));
  };
  for (;;) {
    const asked = client.send(new DescribeChangeSetCommand(changeSet));
    const { Status, StatusReason = "" } = await call("DescribeChangeSet", asked);
    if (Status === "CREATE_COMPLETE")
      return { changes: await call("DescribeChangeSet", changesOf(client, changeSet)), execute, drop };
    if (Status === "FAILED") {
      if (NO_CHANGE.test(StatusReason)) return { changes: [], execute, drop };
      await drop().catch(() => undefined);
      throw new SignetError("deploy_failed", `CloudFormation refuses the change: ${StatusReason}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function identityOf({ sessionToken, ...keys }: Credentials) {
  return sessionToken === undefined ? keys : { ...keys, sessionToken };
}

async function changesOf(client: CloudFormationClient, changeSet: { StackName: string; ChangeSetName: string }) {
  const changes: Change[] = [];
  const ask = (NextToken: string | undefined) =>
    client.send(new DescribeChangeSetCommand({ ...changeSet, ...(NextToken !== undefined && { NextToken }) }));
  for await (const page of pages("cloudformation:DescribeChangeSet", ask, ({ NextToken }) => NextToken))
    changes.push(...(page.Changes ?? []));
  return changes;
}

function explained(error: unknown, action: string, name: string, region: string): SignetError {
  const { name: code = "", message = "" } = error as Partial<Error>;
  if (/AccessDenied/.test(code)) {
    const words = `cloudformation:${action} on the stack ${name} in ${region} is not allowed to you: the right is missing (IAM)`;
    return new SignetError("aws_access_denied", words, { cause: error });
  }
  if (isSignetError(error)) return error;
  if (code === "ChangeSetNotFoundException" || code === "ChangeSetNotFound") {
    const words = `the stack ${name} in ${region} was changed by another deployment meanwhile: nothing was done; run it again`;
    return new SignetError("deploy_failed", words, { cause: error });
  }
  const { httpStatusCode: status = 0 } = (error as Partial<CloudFormationServiceException>).$metadata ?? {};
  if (status >= 500) {
    const words = `cloudformation:${action} on the stack ${name} in ${region}: the service fails: it answers ${status} ${code} each time; try again later, or see its log or AWS's health page`;
    return new SignetError("aws_unavailable", words, { cause: error });
  }
  return new SignetError("deploy_failed", `${action} of the stack ${name} in ${region}: ${message}`, { cause: error });
}
