import { createHash } from "node:crypto";
import { withNestedPath } from "../../deploy/nested-path.js";
import { readAuthorizerTemplate, readTemplate, type Template } from "../../deploy/template.js";
import { SignetError } from "../../errors.js";
import { writeOutput } from "../../files/durable.js";
import { pathGiven } from "../../operator/surroundings.js";
import type { CommonOptions, Context } from "../context.js";

export interface TemplateOptions extends CommonOptions {
  readonly out?: string;
  /** Lets `BasePath` have several segments. */
  readonly nestedPath?: boolean;
}

/** `signet template`: the one file that installs Signet in AWS, or with `authorizer` the one that guards an API. */
export async function template(context: Context, which: string | undefined, options: TemplateOptions): Promise<void> {
  const { out, json } = options;
  if (which !== undefined && which !== "authorizer") {
    throw new SignetError("usage", `there is no template ${which}: give no name for the installation, or authorizer`);
  }
  if (which !== undefined && options.nestedPath === true)
    throw new SignetError("usage", "--nested-path is for the installation's template: leave authorizer or --nested-path out");
  const text = which === "authorizer" ? await readAuthorizerTemplate() : (await installationTemplate(options)).text;
  if (out === undefined) return json === true ? context.output.json({ template: text }) : context.output.exact(text.trimEnd());
  const path = pathGiven(context, out);
  await writeOutput(path, text);
  const sha256 = createHash("sha256").update(text).digest("hex");
  context.output.note(`wrote ${out} (${Math.ceil(Buffer.byteLength(text) / 1_024)} KB), SHA-256 ${sha256}`);
  if (json === true) context.output.json({ out: path, sha256 });
}

async function installationTemplate({ nestedPath }: TemplateOptions): Promise<Template> {
  const template = await readTemplate();
  return nestedPath === true ? withNestedPath(template) : template;
}
