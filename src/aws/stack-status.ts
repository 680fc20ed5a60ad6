import type { Transport } from "./transport.js";
import { childOf, membersOf, parseXml, textOf } from "./xml.js";

/**
 * What a stack is at, such as `CREATE_COMPLETE` (CloudFormation API Reference, DescribeStacks; it speaks the query protocol).
 *
 * @param stackId the stack's ARN
 * @returns an empty text where the answer does not say
 * @throws AwsFailure
 */
export async function stackStatus(transport: Transport, stackId: string): Promise<string> {
  const { body } = await transport.call({
    service: "cloudformation",
    action: "cloudformation:DescribeStacks",
    resource: stackId,
    method: "POST",
    path: "/",
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    body: new URLSearchParams({ Action: "DescribeStacks", Version: "2010-05-15", StackName: stackId }).toString(),
  });
  const [stack] = membersOf(childOf(parseXml(body), "DescribeStacksResult"), "Stacks");
  return textOf(stack, "StackStatus");
}
