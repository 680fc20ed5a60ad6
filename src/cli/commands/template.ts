import { writeFile } from "node:fs/promises";
import { readTemplate } from "../../deploy/template.js";
import { type Context, pathGiven } from "../context.js";

/** `signet template`: the one file that installs Signet in AWS. */
export async function template(context: Context, { out }: { readonly out?: string }): Promise<void> {
  const { text } = await readTemplate();
  if (out === undefined) return context.output.data(text.trimEnd());
  await writeFile(pathGiven(context, out), text);
  context.output.note(`wrote ${out} (${Math.ceil(Buffer.byteLength(text) / 1_024)} KB)`);
}
