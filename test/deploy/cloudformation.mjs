/**
 * CloudFormation, as far as the template goes: parameters, rules, conditions and intrinsic functions (user guide, "Intrinsic
 * function reference"). It shares no code with the product.
 */
import { parseDocument } from "yaml";

const SHORT_FORMS = [
  "Ref",
  "Sub",
  "GetAtt",
  "If",
  "Join",
  "Equals",
  "Not",
  "And",
  "Or",
  "Condition",
  "FindInMap",
  "Select",
  "Split",
];

/** A tag such as `!Sub` as the object that it is short for. */
const customTags = SHORT_FORMS.flatMap((name) => {
  const key = name === "Ref" || name === "Condition" ? name : `Fn::${name}`;
  const named = (value) => ({ [key]: name === "GetAtt" && typeof value === "string" ? value.split(".") : value });
  return [
    { tag: `!${name}`, resolve: (value) => named(value) },
    { tag: `!${name}`, collection: "seq", resolve: (node) => named(node.toJSON()) },
    { tag: `!${name}`, collection: "map", resolve: (node) => named(node.toJSON()) },
  ];
});

/** @param {string} text */
export function parseTemplate(text) {
  const document = parseDocument(text, { customTags, schema: "yaml-1.1", merge: false });
  if (document.errors.length > 0) throw document.errors[0];
  return document.toJS();
}

/**
 * A stack before anything is made.
 *
 * @param {any} template
 * @param {{ parameters?: Record<string, string>, pseudo: Record<string, string>, attributes: (id: string, name: string) => unknown, ref: (id: string) => unknown }} place
 */
export function resolveStack(template, { parameters = {}, pseudo, attributes, ref }) {
  const given = Object.fromEntries(
    Object.entries(template.Parameters).map(([name, { Default, Type }]) => {
      const text = String(parameters[name] ?? Default ?? "");
      return [name, Type === "CommaDelimitedList" ? text.split(",") : text];
    }),
  );
  for (const name of Object.keys(parameters)) if (!(name in given)) throw new Error(`there is no parameter ${name}`);
  const conditions = Object.fromEntries(
    Object.keys(template.Conditions).map((name) => [name, () => value(template.Conditions[name])]),
  );
  const NONE = Symbol("AWS::NoValue");

  function refOf(name) {
    if (name === "AWS::NoValue") return NONE;
    if (name in pseudo) return pseudo[name];
    if (name in given) return given[name];
    assertMade(name);
    return ref(name);
  }

  // A resource whose condition does not hold cannot be referred to.
  function assertMade(id) {
    const resource = template.Resources[id];
    if (resource === undefined) throw new Error(`there is no ${id}`);
    if (resource.Condition !== undefined && !conditions[resource.Condition]()) throw new Error(`${id} is not made`);
  }

  function attributeOf([id, ...names]) {
    assertMade(id);
    return attributes(id, names.join("."));
  }

  const functions = {
    Ref: refOf,
    Condition: (name) => conditions[name](),
    "Fn::GetAtt": attributeOf,
    "Fn::Equals": (pair) => same(...pair.map(value)),
    "Fn::Not": ([one]) => !value(one),
    "Fn::And": (all) => all.every(value),
    "Fn::Or": (all) => all.some(value),
    "Fn::If": ([name, yes, no]) => value(conditions[name]() ? yes : no),
    "Fn::FindInMap": ([map, ...keys]) => keys.reduce((found, key) => found[value(key)], template.Mappings[map]),
    "Fn::Select": ([index, list]) => value(list)[value(index)],
    "Fn::Split": ([separator, text]) => value(text).split(separator),
    "Fn::Join": ([separator, parts]) => parts.map(value).join(separator),
    "Fn::Contains": ([list, one]) => list.map(value).includes(value(one)),
    "Fn::Sub": (text) =>
      text.replace(/\$\{(!?)([^}]+)\}/g, (_, literal, name) => {
        if (literal === "!") return `\${${name}}`;
        return name.includes(".") ? attributeOf(name.split(".")) : refOf(name);
      }),
  };

  function value(node) {
    if (Array.isArray(node)) return node.map(value).filter((each) => each !== NONE);
    if (node === null || typeof node !== "object") return node;
    const [name] = Object.keys(node);
    if (Object.keys(node).length === 1 && name in functions) return functions[name](node[name]);
    const entries = Object.entries(node).map(([key, each]) => [key, value(each)]);
    return Object.fromEntries(entries.filter(([, each]) => each !== NONE));
  }

  return {
    given,
    /** The ids of what is made. */
    made: Object.keys(template.Resources).filter((id) => {
      const { Condition } = template.Resources[id];
      return Condition === undefined || conditions[Condition]();
    }),
    properties: (id) => value(template.Resources[id].Properties ?? {}),
    outputs: () =>
      Object.fromEntries(
        Object.entries(template.Outputs)
          .filter(([, { Condition }]) => Condition === undefined || conditions[Condition]())
          .map(([name, { Value }]) => [name, value(Value)]),
      ),
    /** What the rules say against these parameters. */
    refusals: () =>
      Object.values(template.Rules).flatMap(({ RuleCondition, Assertions }) =>
        RuleCondition !== undefined && !value(RuleCondition)
          ? []
          : Assertions.filter(({ Assert }) => !value(Assert)).map(({ AssertDescription }) => AssertDescription),
      ),
    /** The ids that a resource has to wait for. */
    needs: (id) => [...new Set(referred(template.Resources[id]))].filter((other) => other in template.Resources && other !== id),
  };
}

function same(left, right) {
  return String(left) === String(right);
}

function referred(node) {
  if (Array.isArray(node)) return node.flatMap(referred);
  if (node === null || typeof node !== "object") return [];
  return Object.entries(node).flatMap(([key, each]) => {
    if (key === "DependsOn" || key === "Ref") return typeof each === "string" ? [each] : each;
    if (key === "Fn::GetAtt") return [each[0]];
    if (key === "Fn::Sub") return [...each.matchAll(/\$\{([A-Za-z0-9]+)/g)].map(([, name]) => name);
    return referred(each);
  });
}

/**
 * Decides a call by the statements of a role's policies (IAM user guide, "Policy evaluation logic", identity-based policies).
 *
 * @param {readonly any[]} statements
 * @param {{ action: string, resource: string, context: Record<string, string | string[]> }} call
 */
export function isAllowed(statements, { action, resource, context }) {
  const list = (one) => (Array.isArray(one) ? one : [one]);
  const matches = (pattern, text) =>
    new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`).test(text);
  const operators = {
    StringLike: (name, wanted) => context[name] !== undefined && list(wanted).some((each) => matches(each, context[name])),
    StringEquals: (name, wanted) => list(wanted).includes(context[name]),
    // Also true where the request has no such value.
    "ForAllValues:StringEquals": (name, wanted) => list(context[name] ?? []).every((each) => list(wanted).includes(each)),
    // "Condition operator to check existence of condition keys": true asks that it is absent.
    Null: (name, wanted) => String(wanted) === String(context[name] === undefined),
  };
  const holds = (conditions = {}) =>
    Object.entries(conditions).every(([operator, keys]) =>
      // One that is not known here must not be taken for one that holds.
      Object.entries(keys).every(([name, wanted]) => operators[operator](name, wanted)),
    );
  const says = (effect) =>
    statements.some(
      (each) =>
        each.Effect === effect &&
        list(each.Action).some((pattern) => matches(pattern, action)) &&
        list(each.Resource).some((pattern) => matches(pattern, resource)) &&
        holds(each.Condition),
    );
  return says("Allow") && !says("Deny");
}
