import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** One stack, as CloudFormation has it. */
interface PlayedStack {
  readonly parameters: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

export const STACK_ID = "arn:aws:cloudformation:eu-central-1:111122223333:stack/signet/5f2e7c10-1111-4222-8333-000000000001";

/**
 * CloudFormation with one stack, as far as a deployment goes (API reference, query protocol): a change set is ready at once, and carried
 * out at once. Beside it S3 with what is put there, and STS.
 */
export async function startCloudFormation() {
  const played = {
    stack: undefined as PlayedStack | undefined,
    /** What the stack answers once a change was carried out. */
    outputs: {} as Record<string, string>,
    /** The resources that the next change set changes. */
    changes: [] as string[],
    /** The parameters of each change set, with values that stay as they were. */
    prepared: [] as Record<string, string>[],
    /** The template of each change set, as CloudFormation got it: the whole, or where it is. */
    templates: [] as string[],
    executed: 0,
    /** The stacks that were asked to be deleted, as they were named. */
    deleted: [] as string[],
    /** Every action that was asked for, in order. */
    asked: [] as string[],
    objects: new Map<string, string>(),
    /** The action that is answered with 500. */
    failing: undefined as string | undefined,
    /** The action that IAM refuses. */
    denied: undefined as string | undefined,
    /** Waited for before an action is answered. */
    before: undefined as ((action: string) => Promise<unknown>) | undefined,
    /** The status of the stack. */
    status: "UPDATE_COMPLETE",
    /** The physical ids of the stack's resources. */
    resources: {} as Record<string, string>,
  };
  /** The parameters of those that wait, by name. */
  const changeSets = new Map<string, Record<string, string>>();
  const server = createServer((incoming, outgoing) => {
    void textOf(incoming).then(async (text) => {
      if (incoming.method === "POST") await played.before?.(new URLSearchParams(text).get("Action") ?? "");
      const [status, body] = incoming.method === "POST" ? query(new URLSearchParams(text)) : s3(incoming, text);
      outgoing.writeHead(status, { "content-type": "text/xml" }).end(body);
    });
  });

  function s3({ method, url = "" }: IncomingMessage, text: string): [number, string] {
    const path = url.split("?")[0] ?? "";
    if (method === "PUT") {
      played.objects.set(path, text);
      return [200, ""];
    }
    const found = played.objects.get(path);
    return found === undefined ? [404, "<Error><Code>NoSuchKey</Code></Error>"] : [200, found];
  }

  function query(given: URLSearchParams): [number, string] {
    const action = given.get("Action") ?? "";
    played.asked.push(action);
    if (action === played.failing) {
      return [500, "<ErrorResponse><Error><Code>InternalFailure</Code><Message>oops</Message></Error></ErrorResponse>"];
    }
    if (action === played.denied) {
      const words = `User is not authorized to perform: cloudformation:${action}`;
      return [403, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>${words}</Message></Error></ErrorResponse>`];
    }
    const answer = (result: string): [number, string] => [
      200,
      `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`,
    ];
    switch (action) {
      case "GetCallerIdentity":
        return answer("<Account>111122223333</Account>");
      case "DescribeStacks":
        return played.stack === undefined ? missing() : answer(`<Stacks>${stackXml(played.stack, played.status)}</Stacks>`);
      case "CreateChangeSet":
        played.prepared.push(parametersIn(given, played.stack));
        played.templates.push(given.get("TemplateBody") ?? given.get("TemplateURL") ?? "");
        changeSets.set(given.get("ChangeSetName") ?? "", played.prepared.at(-1) ?? {});
        if (given.get("ChangeSetType") === "CREATE" && played.stack === undefined) {
          played.stack = { parameters: {}, outputs: {} };
          played.status = "REVIEW_IN_PROGRESS";
        }
        return answer(`<Id>signet</Id><StackId>${STACK_ID}</StackId>`);
      case "DeleteChangeSet":
        changeSets.delete(given.get("ChangeSetName") ?? "");
        return answer("");
      case "DeleteStack":
        played.deleted.push(given.get("StackName") ?? "");
        if (/^(REVIEW_IN_PROGRESS|ROLLBACK_COMPLETE)$/.test(played.status)) played.stack = undefined;
        return answer("");
      case "DescribeChangeSet":
        return answer(`<Status>CREATE_COMPLETE</Status><Changes>${played.changes.map(changeXml).join("")}</Changes>`);
      case "ExecuteChangeSet": {
        const parameters = changeSets.get(given.get("ChangeSetName") ?? "");
        if (parameters === undefined) return missing("ChangeSet does not exist", "ChangeSetNotFound");
        // The others of a stack go with the first that is carried out.
        changeSets.clear();
        played.executed += 1;
        played.stack = { parameters, outputs: played.outputs };
        played.status = "UPDATE_COMPLETE";
        return answer("");
      }
      case "DescribeStackResource": {
        const id = given.get("LogicalResourceId") ?? "";
        const physical = played.resources[id];
        if (physical === undefined) return missing(`Resource ${id} does not exist for stack signet`);
        const names = `<LogicalResourceId>${id}</LogicalResourceId><PhysicalResourceId>${escaped(physical)}</PhysicalResourceId>`;
        return answer(`<StackResourceDetail>${names}</StackResourceDetail>`);
      }
      case "DescribeStackEvents":
        return answer("<StackEvents></StackEvents>");
      default:
        return answer("");
    }
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(played, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of incoming) text += chunk;
  return text;
}

function missing(words = "Stack with id signet does not exist", code = "ValidationError"): [number, string] {
  const error = `<Type>Sender</Type><Code>${code}</Code><Message>${words}</Message>`;
  return [400, `<ErrorResponse><Error>${error}</Error></ErrorResponse>`];
}

function parametersIn(given: URLSearchParams, before: PlayedStack | undefined): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (let index = 1; given.has(`Parameters.member.${index}.ParameterKey`); index++) {
    const name = given.get(`Parameters.member.${index}.ParameterKey`) as string;
    const isKept = given.get(`Parameters.member.${index}.UsePreviousValue`) === "true";
    parameters[name] = (isKept ? before?.parameters[name] : given.get(`Parameters.member.${index}.ParameterValue`)) ?? "";
  }
  return parameters;
}

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const member = (inner: string) => `<member>${inner}</member>`;
const pairs = (all: Readonly<Record<string, string>>, kind: string) =>
  Object.entries(all)
    .map(([name, value]) => member(`<${kind}Key>${name}</${kind}Key><${kind}Value>${escaped(value)}</${kind}Value>`))
    .join("");

function stackXml({ parameters, outputs }: PlayedStack, status: string): string {
  const times = `<CreationTime>2026-11-26T00:00:00Z</CreationTime><StackStatus>${status}</StackStatus>`;
  const all = `<Parameters>${pairs(parameters, "Parameter")}</Parameters><Outputs>${pairs(outputs, "Output")}</Outputs>`;
  return member(`<StackName>signet</StackName><StackId>${STACK_ID}</StackId>${times}${all}`);
}

const changeXml = (id: string) =>
  member(
    `<Type>Resource</Type><ResourceChange><Action>Modify</Action><LogicalResourceId>${id}</LogicalResourceId></ResourceChange>`,
  );
