/** Puts a template together: the source with its comments, the version, and the text of the functions. */
import { createHash } from "node:crypto";
import { parseDocument } from "yaml";

/** As little as YAML takes below `Code` and `ZipFile`: a space more for each line would be 20 KB of what CloudFormation takes, so whatever stands above them is indented by one. */
const CODE_INDENT = " ".repeat(6);

/**
 * @param {string} source one of src/deploy/*.yaml
 * @param {string} version the release
 * @param {Readonly<Record<string, string>>} functions the text of each function, by the name of its place
 * @returns {string} the template
 */
export function templateOf(source, version, functions) {
  const texts = Object.entries(functions).map(([name, code]) => [name, block(code)]);
  const filled = { version, hash: apiHash(source), ...Object.fromEntries(texts) };
  return source.replace(/\{\{(\w+)\}\}/g, (_, name) => {
    if (!Object.hasOwn(filled, name)) throw new Error(`the template has a place for ${name}, which nothing fills`);
    return filled[name];
  });
}

/** The template's parameters, for those who fill them in. */
export function parametersIn(template) {
  return parseDocument(template, { logLevel: "silent" }).toJS().Parameters;
}

/** The intrinsic functions that have a short form (`!Ref`), each with its long one. */
const LONG_FORMS = Object.fromEntries(
  ["Sub", "GetAtt", "If", "Equals", "Not", "And", "Or", "FindInMap", "Join", "Select", "Split"].map((name) => [
    name,
    `Fn::${name}`,
  ]),
);

/**
 * A template as JSON has it: every intrinsic function in its long form.
 *
 * @param {string} text
 */
export function longForm(text) {
  const customTags = Object.entries({ Ref: "Ref", Condition: "Condition", ...LONG_FORMS }).flatMap(([short, long]) => {
    const written = (value) => ({ [long]: short === "GetAtt" && typeof value === "string" ? value.split(".") : value });
    return [
      { tag: `!${short}`, resolve: written },
      ...["seq", "map"].map((collection) => ({ tag: `!${short}`, collection, resolve: (node) => written(node.toJSON()) })),
    ];
  });
  // @ts-expect-error the types know no tag that answers plain values
  const document = parseDocument(text, { customTags, schema: "yaml-1.1" });
  if (document.errors.length > 0) throw document.errors[0];
  return document.toJS();
}

/** Names the deployment by what it deploys: where the API changes, another one is made. */
function apiHash(source) {
  const body = /\n {6}Body:\n([\s\S]*?)\n {2}\S/.exec(source)?.[1];
  if (body === undefined) throw new Error("the template has no API");
  return createHash("sha256").update(body).digest("hex").slice(0, 8);
}

/** A text as YAML's literal block has it: nothing is escaped, so it must be printable and without what CloudFormation replaces. */
function block(code) {
  const odd = /[^\t\n\x20-\x7e]|\{\{resolve:/.exec(code);
  if (odd !== null) throw new Error(`the code of a function cannot stand in a template: ${JSON.stringify(odd[0])}`);
  return code.trimEnd().replace(/\n(?!\n)/g, `\n${CODE_INDENT}`);
}
