import type { Template } from "./template.js";

const SEGMENT = "[A-Za-z0-9_-][A-Za-z0-9_.-]*";
const PATTERN = `^(${SEGMENT}(/${SEGMENT})*)?$`;
const MEANING = "The path below DomainName, such as tenant/a for https://DOMAIN/tenant/a. Empty - the whole domain";

/**
 * What a template of one segment's path becomes. The mapping has another logical id, since CloudFormation lets no resource change its type.
 * Each is found once at least.
 */
const CHANGES: readonly (readonly [RegExp, string])[] = [
  [/(?<=\n {2}BasePath:\n(?: {4}.*\n)*? {4}AllowedPattern: ).*/, PATTERN],
  [/(?<=\n {2}BasePath:\n(?: {4}.*\n)*? {4}Description: ).*/, MEANING],
  [/(?<=\n {2})DomainPath(?=:\n)/, "DomainPaths"],
  [/(?<=!Ref )DomainPath\b/g, "DomainPaths"],
  [/AWS::ApiGateway::BasePathMapping/, "AWS::ApiGatewayV2::ApiMapping"],
  [/BasePath: (?=!If \[Below,)/, "ApiMappingKey: "],
  // What stands before it is asked for last: a look back from each place of the functions' long lines costs their square.
  [/RestApiId: (?<=ApiMappingKey: .*)/, "ApiId: "],
];

/** Whether a base path has several segments. */
export function isNested(basePath: string | undefined): boolean {
  return basePath?.includes("/") === true;
}

/**
 * The template for a `BasePath` of several segments. REST APIs' own mappings have one; those of ApiGatewayV2 have more, and are missing in
 * some regions, where CloudFormation refuses a template that names them at all. So they stand in a template of their own.
 */
export function withNestedPath({ text, parameters }: Template): Template {
  const nested = CHANGES.reduce((before, [what, by]) => {
    const after = before.replace(what, by);
    if (after === before) throw new Error(`the template has no ${what.source}`);
    return after;
  }, text);
  const rule = { ...parameters.BasePath, Type: "String", AllowedPattern: PATTERN, Description: MEANING };
  return { text: nested, parameters: { ...parameters, BasePath: rule } };
}
