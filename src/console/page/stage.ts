import type { PreviewAnswer } from "../contract.js";

/** Where a change is. @typeParam Failure why one failed */
export type Stage<Failure = unknown> =
  | { readonly at: "asking" }
  | { readonly at: "shown"; readonly preview: PreviewAnswer; readonly isNew: boolean }
  | { readonly at: "doing"; readonly steps: readonly string[] }
  | { readonly at: "done"; readonly sentences: readonly string[] }
  /** `steps` were begun before it failed. */
  | { readonly at: "failed"; readonly error: Failure; readonly steps: readonly string[] };

/** What is said to who hears the page, when it changes. A failure speaks for itself. */
export function spokenOf(stage: Stage): string {
  if (stage.at === "shown") return [...stage.preview.sentences, stage.preview.tokensAtRisk?.words ?? ""].join(" ").trim();
  if (stage.at === "doing") return stage.steps.at(-1) ?? "at work";
  return stage.at === "done" ? stage.sentences.join(" ") : "";
}
