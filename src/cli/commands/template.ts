import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { readAuthorizerTemplate, readTemplate } from "../../deploy/template.js";
import { SignetError } from "../../errors.js";
import { pathGiven } from "../../operator/surroundings.js";
import type { Context } from "../context.js";

/** `signet template`: the one file that installs Signet in AWS, or with `authorizer` the one that guards an API. */
export async function template(context: Context, which: string | undefined, { out }: { readonly out?: string }): Promise<void> {
  if (which !== undefined && which !== "authorizer") {
    throw new SignetError("usage", `there is no template ${which}: give no name for the installation, or authorizer`);
  }
  const text = which === "authorizer" ? await readAuthorizerTemplate() : (await readTemplate()).text;
  if (out === undefined) return context.output.exact(text.trimEnd());
  await writeFile(pathGiven(context, out), text);
  const sha256 = createHash("sha256").update(text).digest("hex");
  context.output.note(`wrote ${out} (${Math.ceil(Buffer.byteLength(text) / 1_024)} KB), SHA-256 ${sha256}`);
}
