import { existingStack, outputsOf, regionsOf, stackNamed, withStack } from "../../operator/stack-access.js";
import type { Context, StackOptions } from "../context.js";
import { tellOutdated } from "../stack-words.js";
import { table } from "../table.js";

/** `signet outputs`: what a stack answers. */
export async function outputs(context: Context, options: StackOptions): Promise<void> {
  const name = stackNamed(options);
  const found: [string, Readonly<Record<string, string>>][] = [];
  for (const region of regionsOf(context, options)) {
    const stack = await withStack(context, name, region, (client) => existingStack(client, name, region, context));
    found.push([region, outputsOf(stack)]);
  }
  tellOutputs(context, found, options);
  for (const [region, values] of found) await tellOutdated(context, { name, region, outputs: values });
}

/** Prints outputs: as they are for one region, under the region's name for several. */
export function tellOutputs(
  { output }: Context,
  found: readonly (readonly [string, Readonly<Record<string, string>>])[],
  { json }: StackOptions,
): void {
  const [only] = found;
  if (only === undefined) return;
  if (json === true) {
    output.json(found.length === 1 ? only[1] : Object.fromEntries(found));
    return;
  }
  for (const [region, values] of found) {
    if (found.length > 1) output.data(`${region}:`);
    const rows = Object.entries(values)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, value.startsWith("{") ? "(--json shows it)" : value]);
    for (const line of table(["output", "value"], rows, { columns: output.columns })) output.data(line);
  }
}
