/**
 * IAM, as far as it lists roles and users and simulates their policies (IAM API Reference: ListRoles, ListUsers, SimulatePrincipalPolicy).
 * One IAM serves a partition; its calls are signed for that partition's home region.
 */
import { must, page, Refusal } from "./refusal.mjs";

export const IAM_HOME = Object.freeze({ aws: "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1" });
const VERSION = "2010-05-08";
const LISTED = 100;
const CONTEXT_TYPES = /^(string|stringList|numeric|numericList|boolean|booleanList|ip|ipList|binary|binaryList|date|dateList)$/;

const escaped = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\u001b", "&#x1b;");
const element = (name, text) => `<${name}>${text}</${name}>`;
const list = (name, members) => element(name, members.map((member) => element("member", member)).join(""));
const matches = (pattern, text) =>
  new RegExp(
    `^${pattern
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
  ).test(text);

const OPERATORS = {
  StringEquals: (values, value) => values.includes(value),
  ArnEquals: (values, value) => values.some((each) => matches(each, value)),
  ArnNotEquals: (values, value) => !values.some((each) => matches(each, value)),
  Bool: (values, value) => values.includes(value),
};

/** Whether a statement's conditions hold; keys without a value are remembered, and hold for `...IfExists` and negated operators alone. */
function holds(condition, context, missing) {
  return Object.entries(condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => {
      const value = context.get(key.toLowerCase());
      if (value !== undefined) return OPERATORS[operator.replace(/IfExists$/, "")]([values].flat(), value);
      missing.add(key);
      return /IfExists$|Not/.test(operator);
    }),
  );
}

function judge(policies, action, resource, context) {
  const missing = new Set();
  const found = policies.flatMap(({ name, statements }) =>
    statements
      .filter(
        ({ Action, Resource }) =>
          [Action].flat().some((each) => matches(each, action)) && [Resource].flat().some((each) => matches(each, resource)),
      )
      .filter(({ Condition }) => holds(Condition, context, missing))
      .map(({ Effect }) => ({ name, Effect })),
  );
  const denied = found.filter(({ Effect }) => Effect === "Deny");
  const by = denied.length > 0 ? denied : found;
  const decision = denied.length > 0 ? "explicitDeny" : found.length > 0 ? "allowed" : "implicitDeny";
  return { decision, by: by.map(({ name }) => name), missing: [...missing] };
}

/**
 * By the policies and, where there is one, within the permissions boundary.
 *
 * @param {{ policies: any[], boundary?: any }} principal
 */
function decisionOn({ policies, boundary }, action, resource, context) {
  const own = judge(policies, action, resource, context);
  if (boundary === undefined || own.decision === "explicitDeny") return own;
  const bound = judge([boundary], action, resource, context);
  return bound.decision === "allowed" ? own : { ...bound, missing: [...new Set([...own.missing, ...bound.missing])] };
}

/** The members of a list, which are numbered from 1 without a gap. */
function numbered(form, name) {
  const found = [];
  for (let at = 1; form.has(`${name}.${at}`); at++) found.push(form.get(`${name}.${at}`));
  return found;
}

function contextIn(form) {
  const context = new Map();
  for (let at = 1; form.has(`ContextEntries.member.${at}.ContextKeyName`); at++) {
    const entry = `ContextEntries.member.${at}`;
    const [key, type] = [form.get(`${entry}.ContextKeyName`), form.get(`${entry}.ContextKeyType`)];
    must(key.length >= 5 && key.length <= 256 && CONTEXT_TYPES.test(type), "InvalidInput", "Invalid context entry");
    context.set(key.toLowerCase(), form.get(`${entry}.ContextKeyValues.member.1`));
  }
  return context;
}

const FIELDS = {
  ListRoles: /^(PathPrefix|Marker|MaxItems)$/,
  ListUsers: /^(PathPrefix|Marker|MaxItems)$/,
  SimulatePrincipalPolicy:
    /^(PolicySourceArn|Marker|MaxItems|(ActionNames|ResourceArns)\.member\.\d+|ContextEntries\.member\.\d+\.(ContextKeyName|ContextKeyType|ContextKeyValues\.member\.\d+))$/,
};

function checked(body) {
  const form = new URLSearchParams(body.toString());
  const action = form.get("Action") ?? "";
  must(form.get("Version") === VERSION && Object.hasOwn(FIELDS, action), "InvalidAction", `Could not find operation ${action}`);
  const names = [...form.keys()];
  for (const name of names) {
    must(names.filter((each) => each === name).length === 1, "MalformedInput", `Duplicate field ${name}`);
    must(/^(Action|Version)$/.test(name) || FIELDS[action].test(name), "MalformedInput", `Unknown field ${name}`);
  }
  const items = Number(form.get("MaxItems") ?? LISTED);
  must(Number.isSafeInteger(items) && items >= 1 && items <= 1_000, "ValidationError", "MaxItems must be between 1 and 1000");
  return { form, action, items };
}

export function createIamFake({ accountId, partition }) {
  /** @type {Map<string, { policies: { name: string, statements: any[] }[], boundary?: { name: string, statements: any[] }, refuses?: [string, string?, number?] }>} */
  const principals = new Map();
  const state = {
    principals,
    /** The most that one answer lists, whatever was asked for: "IAM might return fewer than MaxItems". */
    most: LISTED,
    /** Whether an answer says of each resource alone what was decided. */
    isSpecific: true,
  };

  function paged(action, { form, items }, all, asXml) {
    const { items: shown, next } = page(all, Math.min(items, state.most), form.get("Marker") ?? undefined);
    const end = element("IsTruncated", String(next !== undefined)) + (next === undefined ? "" : element("Marker", next));
    const result = element(`${action}Result`, asXml(shown) + end);
    const text = `${result}<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>`;
    return `<${action}Response xmlns="https://iam.amazonaws.com/doc/${VERSION}/">\n  ${text}\n</${action}Response>`;
  }

  function listed(action, kind, asked) {
    const all = [...principals.keys()].filter((arn) => arn.startsWith(`arn:${partition}:iam::${accountId}:${kind}/`)).sort();
    const trust = encodeURIComponent('{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"}}]}');
    const asMember = (arn) =>
      element("Path", escaped(`/${arn.split("/").slice(1, -1).join("/")}`)) +
      element("Arn", escaped(arn)) +
      (kind === "role" ? element("AssumeRolePolicyDocument", trust) : "");
    return paged(action, asked, all, (arns) => list(kind === "role" ? "Roles" : "Users", arns.map(asMember)));
  }

  function simulated(asked) {
    const { form } = asked;
    const arn = form.get("PolicySourceArn") ?? "";
    const found = principals.get(arn);
    if (found === undefined) throw new Refusal("NoSuchEntity", `${arn} cannot be found.`, 404);
    if (found.refuses !== undefined) throw new Refusal(...found.refuses);
    const [actions, resources] = [numbered(form, "ActionNames.member"), numbered(form, "ResourceArns.member")];
    must(actions.length === 1 && resources.length > 0, "InvalidInput", "ActionNames and ResourceArns are expected");
    const context = contextIn(form);
    const decisions = resources.map((resource) => ({ resource, ...decisionOn(found, actions[0], resource, context) }));
    const statements = (names) =>
      list(
        "MatchedStatements",
        names.map((name) => element("SourcePolicyId", escaped(name))),
      );
    const specific = ({ resource, decision, by, missing }) =>
      element("EvalResourceName", escaped(resource)) +
      element("EvalResourceDecision", decision) +
      statements(by) +
      list("MissingContextValues", missing.map(escaped));
    // "EvaluationResult": one an action, whose own decision is the most restrictive of all resources.
    const order = ["explicitDeny", "implicitDeny", "allowed"];
    const [worst] = [...decisions].sort((a, b) => order.indexOf(a.decision) - order.indexOf(b.decision));
    const asXml = (shown) =>
      list("EvaluationResults", [
        element("EvalActionName", actions[0]) +
          element("EvalDecision", worst.decision) +
          statements(worst.by) +
          list("MissingContextValues", state.isSpecific ? [] : worst.missing) +
          (state.isSpecific ? list("ResourceSpecificResults", shown.map(specific)) : ""),
      ]);
    return paged("SimulatePrincipalPolicy", asked, decisions, asXml);
  }

  return {
    state,
    home: IAM_HOME[partition],
    isRoute: ({ method, url, body }) => method === "POST" && url === "/" && /(^|&)Version=2010-05-08(&|$)/.test(body.toString()),
    route({ body }) {
      const asked = checked(body);
      const { action, form } = asked;
      const answers = {
        ListRoles: () => listed(action, "role", asked),
        ListUsers: () => listed(action, "user", asked),
        SimulatePrincipalPolicy: () => simulated(asked),
      };
      const answer = () => ({ status: 200, headers: { "content-type": "text/xml" }, body: answers[action]() });
      return { action, resource: form.get("PolicySourceArn") ?? "*", answer };
    },
  };
}
