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
  /** @returns the changes that it would make, none where nothing would change; it waits to be executed or dropped */
  prepare(source: TemplateSource, parameters: readonly Parameter[], isNew: boolean): Promise<readonly Change[]>;
  execute(): Promise<void>;
  /** Forgets what was prepared. A stack that it alone has made goes with it. */
  drop(isNew: boolean): Promise<void>;
  delete(): Promise<void>;
  /** The latest events, about a hundred, the oldest first. */
  events(): Promise<readonly StackEvent[]>;
  /** The physical id of a resource, by its name in the template. */
  resourceId(logicalId: string): Promise<string>;
  close(): void;
}

const CHANGE_SET = "signet";
const POLL_MS = 1_000;

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
  const changeSet = { StackName: name, ChangeSetName: CHANGE_SET };

  async function describe(): Promise<Stack | undefined> {
    try {
      return (await client.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0];
    } catch (error) {
      if (/does not exist/.test((error as Error).message)) return undefined;
      throw explained(error, "DescribeStacks", name, region);
    }
  }

  return Object.freeze({
    describe,
    async prepare(source, parameters, isNew) {
      await client.send(new DeleteChangeSetCommand(changeSet)).catch(() => undefined);
      const input = { ...changeSet, ...source, Parameters: [...parameters], Capabilities: ["CAPABILITY_IAM" as const] };
      const made = new CreateChangeSetCommand({ ...input, ChangeSetType: isNew ? "CREATE" : "UPDATE" });
      await call("CreateChangeSet", client.send(made));
      for (;;) {
        const { Status, StatusReason = "" } = await call(
          "DescribeChangeSet",
          client.send(new DescribeChangeSetCommand(changeSet)),
        );
        if (Status === "CREATE_COMPLETE") return call("DescribeChangeSet", changesOf(client, changeSet));
        if (Status === "FAILED") {
          if (/didn't contain changes|no updates are to be performed/i.test(StatusReason)) return [];
          // What would have been a new stack is there by now, with nothing in it.
          if (isNew) await client.send(new DeleteStackCommand({ StackName: name })).catch(() => undefined);
          throw new SignetError("deploy_failed", `CloudFormation refuses the change: ${StatusReason}`);
        }
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },
    execute: async () => void (await call("ExecuteChangeSet", client.send(new ExecuteChangeSetCommand(changeSet)))),
    async drop(isNew) {
      if (isNew) await call("DeleteStack", client.send(new DeleteStackCommand({ StackName: name })));
      else await client.send(new DeleteChangeSetCommand(changeSet)).catch(() => undefined);
    },
    delete: async () => void (await call("DeleteStack", client.send(new DeleteStackCommand({ StackName: name })))),
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
  const { httpStatusCode: status = 0 } = (error as Partial<CloudFormationServiceException>).$metadata ?? {};
  if (status >= 500) {
    const words = `cloudformation:${action} on the stack ${name} in ${region}: the service fails: it answers ${status} ${code} each time; try again later, or see its log or AWS's health page`;
    return new SignetError("aws_unavailable", words, { cause: error });
  }
  return new SignetError("deploy_failed", `${action} of the stack ${name} in ${region}: ${message}`, { cause: error });
}
