import type { CommonOptions, Context } from "../context.js";
import { managerFor, paintState } from "../key-report.js";
import { openInstallation } from "../open-installation.js";

/** `signet keys explain`: for each key why it is where it is, and when it moves next. */
export async function keysExplain(context: Context, options: CommonOptions): Promise<void> {
  const manager = await managerFor(context, await openInstallation(context, options));
  const explanations = await manager.explain();
  if (options.json === true) context.output.json({ keys: explanations });
  else
    for (const { kid, state, words } of explanations)
      context.output.sentence(`${kid} (${paintState(context.output, state)}): ${words}`);
}
