/** A value that the deployment alone knows, such as the ARN of a key of the same app; it is there, and no literal of the template. */
export const GIVEN = Symbol("given");
/** A value of which not even that is known. */
export const LATER = Symbol("later");

/** What is known of a parameter at synthesis. */
export type Known = string | typeof GIVEN | typeof LATER;

// biome-ignore lint/suspicious/noExplicitAny: a template is JSON of any form
type Json = any;

/** A parameter's rule, as far as it is checked. */
export interface ParameterRule {
  readonly Type: string;
  readonly Default?: string | number;
}

/** Signet's template, its functions written out. */
export interface SourceTemplate {
  readonly Parameters: Readonly<Record<string, ParameterRule>>;
  readonly Rules: Readonly<Record<string, Json>>;
  readonly Mappings: Readonly<Record<string, Json>>;
  readonly Conditions: Readonly<Record<string, Json>>;
  readonly Resources: Readonly<Record<string, Json>>;
  readonly Outputs: Readonly<Record<string, Json>>;
}

/** What the template makes of these parameters. */
export interface Resolution {
  /** The template without what they leave out, and without conditions that they decide. */
  readonly template: object;
  /** What its rules say against them. */
  readonly refusals: readonly string[];
}

const NO_VALUE = "AWS::NoValue";

/**
 * Decides at synthesis what the parameters decide, so that a stack holds what it makes and nothing else. What only the deployment can know
 * stays a condition.
 */
export function resolveTemplate(source: SourceTemplate, known: ReadonlyMap<string, Known>): Resolution {
  const { Rules, Conditions, Resources, Outputs, Mappings, ...rest } = source;
  const used = new Set<string>();
  const decide = (node: Json): Json => decided(node, known, (name) => decide(Conditions[name]));
  const conditionOf = (name: string): Json => {
    const truth = decide(Conditions[name]);
    if (typeof truth !== "boolean") used.add(name);
    return truth;
  };
  const resolve = resolverOf(conditionOf, (node) => literalOf(node, known), Mappings);
  const kept = (entries: Readonly<Record<string, Json>>): Record<string, Json> =>
    Object.fromEntries(
      Object.entries(entries).flatMap(([name, { Condition, ...entry }]) => {
        const truth = Condition === undefined ? true : conditionOf(Condition);
        if (truth === false) return [];
        return [[name, truth === true ? resolve(entry) : { Condition, ...resolve(entry) }]];
      }),
    );
  const resources = kept(Resources);
  const outputs = kept(Outputs);
  const conditions = Object.fromEntries([...used].map((name) => [name, decide(Conditions[name])]));
  const parts = { Resources: resources, Outputs: outputs };
  // A mapping that nothing refers to any more is a warning.
  const mappings = JSON.stringify(parts).includes('"Fn::FindInMap"') ? { Mappings } : {};
  const template = { ...rest, ...mappings, Conditions: conditions, ...parts };
  return { template, refusals: refusalsOf(Rules, decide) };
}

function refusalsOf(rules: Readonly<Record<string, Json>>, decide: (node: Json) => Json): readonly string[] {
  return Object.values(rules).flatMap(({ RuleCondition, Assertions }) =>
    RuleCondition !== undefined && decide(RuleCondition) !== true
      ? []
      : Assertions.filter(({ Assert }: Json) => decide(Assert) === false).map(({ AssertDescription }: Json) => AssertDescription),
  );
}

/** The text that a literal or a parameter is. */
function literalOf(node: Json, known: ReadonlyMap<string, Known>): Known {
  if (node === null || typeof node !== "object") return String(node);
  return known.get(node.Ref) ?? LATER;
}

/** Whether a condition holds, or what is left to be decided of it. */
function decided(node: Json, known: ReadonlyMap<string, Known>, named: (name: string) => Json): Json {
  const [name] = Object.keys(node);
  const operands: Json = name === undefined ? [] : node[name];
  const parts = (): Json[] => operands.map((each: Json) => decided(each, known, named));
  switch (name) {
    case "Condition":
      return named(operands);
    case "Fn::Equals":
      return isEqual(operands.map((each: Json) => literalOf(each, known))) ?? node;
    case "Fn::Contains":
      return contains(operands[0], literalOf(operands[1], known)) ?? node;
    case "Fn::Not": {
      const [part] = parts();
      return typeof part === "boolean" ? !part : { "Fn::Not": [part] };
    }
    case "Fn::And":
      return joined("Fn::And", parts(), false);
    case "Fn::Or":
      return joined("Fn::Or", parts(), true);
    default:
      throw new Error(`the template has a condition that is not known here: ${name}`);
  }
}

function isEqual([left, right]: readonly Known[]): boolean | undefined {
  if (left === LATER || right === LATER) return undefined;
  return left !== GIVEN && right !== GIVEN && left === right;
}

function contains(list: readonly string[], one: Known): boolean | undefined {
  return typeof one === "string" ? list.includes(one) : undefined;
}

/** `decisive` decides by itself; what does not decide is left out. */
function joined(name: string, parts: readonly Json[], decisive: boolean): Json {
  if (parts.includes(decisive)) return decisive;
  const open = parts.filter((part) => typeof part !== "boolean");
  return open.length === 0 ? !decisive : open.length === 1 ? open[0] : { [name]: open };
}

function resolverOf(
  conditionOf: (name: string) => Json,
  literal: (node: Json) => Known,
  mappings: Readonly<Record<string, Json>>,
): (node: Json) => Json {
  const isNoValue = (node: Json): boolean => node?.Ref === NO_VALUE;
  const choose = ([name, yes, no]: Json): Json => {
    const truth = conditionOf(name);
    if (typeof truth === "boolean") return resolve(truth ? yes : no);
    return { "Fn::If": [name, resolve(yes), resolve(no)] };
  };
  const find = ([map, ...keys]: Json): Json => {
    const names = keys.map(literal);
    if (names.some((key: Known) => typeof key !== "string")) return { "Fn::FindInMap": [map, ...keys] };
    return names.reduce((found: Json, key: string) => found[key], mappings[map]);
  };
  const resolve = (node: Json): Json => {
    if (Array.isArray(node)) return node.map(resolve).filter((each) => !isNoValue(each));
    if (node === null || typeof node !== "object") return node;
    if (node["Fn::If"] !== undefined) return choose(node["Fn::If"]);
    if (node["Fn::FindInMap"] !== undefined) return find(node["Fn::FindInMap"]);
    if (typeof node["Fn::Sub"] === "string") return substituted(node["Fn::Sub"], literal);
    const entries = Object.entries(node).map(([name, each]) => [name, resolve(each)] as const);
    return Object.fromEntries(entries.filter(([, each]) => !isNoValue(each)));
  };
  return resolve;
}

/** A text without variables needs no function. */
function substituted(text: string, literal: (node: Json) => Known): Json {
  const filled = text.replace(/\$\{([A-Za-z0-9]+)\}/g, (variable, name) => {
    const value = literal({ Ref: name });
    return typeof value === "string" ? value.replaceAll("${", "${!") : variable;
  });
  return /\$\{(?!!)/.test(filled) ? { "Fn::Sub": filled } : filled.replaceAll("${!", "${");
}
