import { code, table, WRITTEN } from "./pages.mjs";

/**
 * A schema, as far as the API's document has it.
 *
 * @typedef {{
 *   $ref?: string, type?: string | readonly string[], title?: string, description?: string, const?: unknown, enum?: readonly unknown[],
 *   default?: unknown, required?: readonly string[], properties?: Readonly<Record<string, Schema>>, items?: Schema, oneOf?: readonly Schema[],
 *   examples?: readonly unknown[],
 * }} Schema
 * @typedef {Readonly<Record<string, { schema: Schema, examples?: Readonly<Record<string, { summary: string, value: object }>> }>>} Content
 * @typedef {{
 *   tags: readonly string[], summary: string, security: readonly Readonly<Record<string, unknown>>[],
 *   requestBody?: { content: Content }, responses: Readonly<Record<string, { description: string, content?: Content }>>,
 * }} Operation
 * @typedef {{
 *   tags: readonly { name: string, description: string }[], paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>,
 *   components: { schemas: Readonly<Record<string, Schema>> },
 * }} Document
 */

const MAX_LINE = 120;

/** Who may ask, by the schemes that an operation takes. */
const WHO = {
  caller: "For callers: `Authorization: Bearer SECRET`, or a JWT that proves the caller.",
  client: "For OAuth 2.0 clients, which are callers: their secret by Basic or in the form, or a JWT.",
  none: "For everybody.",
};

/**
 * docs/http-api.md: every operation of the API's document.
 *
 * @param {Document} document
 */
export function httpApiPage({ tags, paths, components: { schemas } }) {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
  );
  const groups = tags.map(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    return [`## ${title(name)}`, description, ...own.map((each) => operationText(each, schemas))].join("\n\n");
  });
  const answered = operations.flatMap(({ operation }) => Object.values(operation.responses).flatMap(schemasOf));
  const bodies = Object.entries(schemas).filter(([name]) => answered.includes(name));
  return `# The HTTP API

${WRITTEN}

What \`signet serve\` answers, from the document that it serves at \`GET /openapi.json\` (OpenAPI 3.1). Where the issuer's URL has a
path, each route is below it. [server.md](server.md) says how callers are made and how the server runs, [errors.md](errors.md) what each \`code\` means.
HEAD is answered as GET, without a body; any other method is 405. A member that a request does not have is an error.

${groups.join("\n\n")}

## What is answered

${bodies.map(([name, schema]) => bodyText(name, schema)).join("\n\n")}
`;
}

/**
 * @param {{ name: string, operation: Operation }} named
 * @param {Document["components"]["schemas"]} schemas
 */
function operationText({ name, operation: { summary, security, requestBody, responses } }, schemas) {
  const [scheme = "none"] = security.flatMap((each) => Object.keys(each));
  const requests = Object.entries(requestBody?.content ?? {}).flatMap(([type, { schema, examples = {} }]) => [
    `Request (${code(type)}):`,
    ...(schema.oneOf ?? [schema]).flatMap((each) => membersText(resolved(each, schemas))),
    ...Object.values(examples).flatMap((example) => [`${example.summary}:`, exampleText(example.value, type)]),
  ]);
  const rows = answersOf(responses).map(({ statuses, body, description }) => [statuses.join(", "), body, description]);
  return [`### ${code(name)}`, `${summary} ${WHO[scheme]}`, ...requests, table(["status", "answer", ""], rows)].join("\n\n");
}

/**
 * Statuses that are answered alike stand together.
 *
 * @param {Operation["responses"]} responses
 */
function answersOf(responses) {
  /** @type {{ statuses: string[], body: string, description: string }[]} */
  const answers = [];
  for (const [status, { description, content = {} }] of Object.entries(responses)) {
    const types = Object.keys(content).map(code).join(", ");
    const names = schemasOf({ content }).map((name) => `[${code(name)}](#${name.toLowerCase()})`);
    const body = [[...new Set(names)].join(" or "), types].filter((text) => text !== "").join(", ");
    const same = answers.find((each) => each.body === body && each.description === description);
    if (same === undefined) answers.push({ statuses: [status], body, description });
    else same.statuses.push(status);
  }
  return answers;
}

/** The names of the schemas that an answer has. @param {{ content?: Content }} answer */
function schemasOf({ content = {} }) {
  return Object.values(content).flatMap(({ schema }) => (schema.oneOf ?? [schema]).flatMap(({ $ref }) => nameOf($ref) ?? []));
}

/** @param {string} name @param {Schema} schema */
function bodyText(name, schema) {
  const { description, examples = [] } = schema;
  const described = description === undefined ? [] : [description];
  return [`### ${code(name)}`, ...described, ...membersText(schema), ...examples.map((each) => exampleText(each))].join("\n\n");
}

/** @param {Schema} schema @returns {string[]} */
function membersText({ properties, required = [] }) {
  if (properties === undefined) return ["An object of JSON."];
  const rows = Object.entries(properties).map(([name, member]) => [
    code(name),
    required.includes(name) ? "yes" : "",
    valueText(member),
    member.description ?? "",
  ]);
  return [table(["member", "required", "value", "means"], rows)];
}

/** @param {Schema} schema */
function valueText({ title: words, type, const: only, enum: several, items, oneOf }) {
  if (words !== undefined) return words;
  if (only !== undefined) return code(`${only}`);
  if (several !== undefined) return several.map((each) => code(`${each}`)).join(", ");
  if (oneOf !== undefined) return "one of several objects";
  const types = [type ?? "object"].flat();
  return types
    .map((each) => (each === "array" && items?.type === "string" ? "list of texts" : (NAMES[each] ?? each)))
    .join(" or ");
}

/** @type {Readonly<Record<string, string>>} */
const NAMES = { string: "a text", array: "a list", integer: "a whole number", object: "an object" };

/** @param {Schema} schema @param {Document["components"]["schemas"]} schemas */
function resolved(schema, schemas) {
  return schemas[nameOf(schema.$ref) ?? ""] ?? schema;
}

/** @param {string | undefined} ref */
function nameOf(ref) {
  return ref?.split("/").at(-1);
}

/** @param {unknown} value @param {string} [type] */
function exampleText(value, type = "application/json") {
  const text = type === "application/json" ? jsonText(value) : formText(/** @type {Record<string, string>} */ (value));
  return `\`\`\`text\n${text}\n\`\`\``;
}

/** @param {unknown} value */
function jsonText(value) {
  const line = JSON.stringify(value, null, 1).replaceAll(/\n */g, " ");
  return line.length <= MAX_LINE ? line : JSON.stringify(value, null, 2);
}

/** A parameter a line: they are one text. @param {Record<string, string>} fields */
function formText(fields) {
  return `${new URLSearchParams(fields)}`.replaceAll("&", "&\n");
}

/** @param {string} name */
function title(name) {
  return `${name[0]?.toUpperCase()}${name.slice(1)}`;
}
