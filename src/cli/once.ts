import type { Context } from "./context.js";

/** Tells each thing once: a command may open its config again. */
export function once(tell: (words: string) => void): (words: string) => void {
  const told = new Set<string>();
  return (words) => {
    if (told.has(words)) return;
    told.add(words);
    tell(words);
  };
}

/** Has a person asked for the passphrase once, however often the same keys are opened. */
export function askedOnce(prompt: Context["passphrasePrompt"]): NonNullable<Context["passphrasePrompt"]> {
  let answer: Promise<string | undefined> | undefined;
  return () => {
    const ask = prompt?.();
    return ask && (() => (answer ??= ask()));
  };
}
