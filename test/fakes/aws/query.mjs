/** Two services of the query protocol, one action of each: STS says who asks (API reference, GetCallerIdentity), CloudFormation what a stack is at (DescribeStacks). */
import { must } from "./refusal.mjs";

const VERSIONS = { "2011-06-15": "sts", "2010-05-15": "cloudformation" };

/** @param {string} accountId */
export function createQueryFake(accountId) {
  /** Each stack's status, by its id. @type {Map<string, string>} */
  const stacks = new Map();
  /** @param {{ body: Buffer }} request */
  const inputOf = ({ body }) => new URLSearchParams(body.toString().startsWith("Action=") ? body.toString() : "");
  const answerOf = (action, result) => ({
    status: 200,
    headers: { "content-type": "text/xml" },
    body: `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`,
  });

  const actions = {
    GetCallerIdentity: () => ({ resource: "*", result: () => `<Account>${accountId}</Account>` }),
    DescribeStacks: (input) => ({
      resource: input.get("StackName"),
      result() {
        const status = stacks.get(input.get("StackName"));
        must(status !== undefined, "ValidationError", "Stack does not exist");
        return `<Stacks><member><StackStatus>${status}</StackStatus></member></Stacks>`;
      },
    }),
  };

  return {
    state: stacks,
    /** The service that a request is for; `undefined` for one of another protocol. */
    serviceOf: (request) => VERSIONS[inputOf(request).get("Version")],
    route(request) {
      const input = inputOf(request);
      const action = input.get("Action") ?? "";
      must(Object.hasOwn(actions, action), "InvalidAction", action);
      const { resource, result } = actions[action](input);
      return { action, resource, answer: () => answerOf(action, result()) };
    },
  };
}
