import { readFile } from "node:fs/promises";
import { parseJson } from "../encoding/json-names.js";
import { SignetError } from "../errors.js";

/** A parameter of the template, as CloudFormation has it. */
export interface TemplateParameter {
  readonly Type: string;
  readonly Default?: string | number;
  readonly AllowedValues?: readonly (string | number)[];
  readonly AllowedPattern?: string;
  readonly MinValue?: number;
  readonly MaxValue?: number;
  readonly MaxLength?: number;
  readonly Description?: string;
}

/** The template, and what has to be known of it before it is sent. */
export interface Template {
  readonly text: string;
  readonly parameters: Readonly<Record<string, TemplateParameter>>;
}

// This code runs from dist/cli; the build writes these files into dist/.
const TEXT = new URL("../template.yaml", import.meta.url);
const AUTHORIZER = new URL("../authorizer.yaml", import.meta.url);
const PARAMETERS = new URL("../template-parameters.json", import.meta.url);

/** Reads the template that belongs to this release. */
export async function readTemplate(): Promise<Template> {
  const [text, parameters] = await Promise.all([readFile(TEXT, "utf8"), readFile(PARAMETERS, "utf8")]);
  return { text, parameters: parseJson(parameters) as Template["parameters"] };
}

/** Reads the template of a Lambda authorizer. */
export function readAuthorizerTemplate(): Promise<string> {
  return readFile(AUTHORIZER, "utf8");
}

/**
 * Checks what a parameter is given, by the rules that CloudFormation would apply after the upload.
 *
 * @throws SignetError `usage`, naming the parameter and what it takes
 */
export function checkParameter(name: string, value: string, rule: TemplateParameter): void {
  const { AllowedValues, AllowedPattern, MinValue, MaxValue, MaxLength } = rule;
  if (AllowedValues !== undefined && !AllowedValues.map(String).includes(value)) {
    throw refused(name, `must be one of ${AllowedValues.join(", ")}`);
  }
  if (rule.Type === "Number" && !isWithin(value, MinValue, MaxValue)) {
    throw refused(name, `must be a whole number from ${MinValue ?? 0} to ${MaxValue ?? "any"}`);
  }
  if (AllowedPattern !== undefined && !new RegExp(AllowedPattern).test(value)) {
    throw refused(name, `does not look right: ${rule.Description ?? AllowedPattern}`);
  }
  if (MaxLength !== undefined && value.length > MaxLength) throw refused(name, `takes at most ${MaxLength} characters`);
}

function isWithin(value: string, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): boolean {
  return /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most;
}

function refused(name: string, what: string): SignetError {
  return new SignetError("usage", `the parameter ${name} ${what}`, { field: name });
}
