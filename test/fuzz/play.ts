import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Target } from "./target.js";

/** An input that broke a promise, as small as it could be made. */
export interface Failure {
  readonly target: string;
  readonly seed: number;
  readonly path: string;
  readonly words: string;
  /** The input as the corpus keeps it; absent where it is not of JSON. */
  readonly kept?: unknown;
}

export interface PlayOptions {
  readonly seed: number;
  readonly runs: number;
  /** Where one failure of this seed stood. */
  readonly path?: string | undefined;
  /** Told before each input. */
  readonly onRun?: ((input: unknown) => void) | undefined;
}

/** Sends a target so many inputs. The same seed makes the same inputs. */
export async function play(
  { name, inputs, send }: Target,
  { seed, runs, path, onRun }: PlayOptions,
): Promise<Failure | undefined> {
  const property = fc.asyncProperty(inputs, async (input) => {
    onRun?.(input);
    await send(input as never);
  });
  const { failed, counterexample, counterexamplePath, errorInstance } = await fc.check(property, {
    seed,
    numRuns: runs,
    ...(path !== undefined && { path }),
  });
  if (!failed) return undefined;
  const [input] = counterexample ?? [];
  const words = `${(errorInstance as Error | undefined)?.message ?? errorInstance}\ninput: ${fc.stringify(input)}`;
  return { target: name, seed, path: counterexamplePath ?? "", words, kept: keptForm(input) };
}

/** What once failed, and is sent each time. */
export interface Kept {
  /** What it broke. */
  readonly why: string;
  readonly target: string;
  readonly input: unknown;
}

/** Every input that is kept, by the file that it stands in. */
export function corpus(directory: string): readonly (Kept & { readonly file: string })[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith(".json") && file !== "keys.json")
    .flatMap((file) => {
      const all = JSON.parse(readFileSync(join(directory, file), "utf8")) as Kept[];
      return all.map((each) => ({ ...each, input: sentForm(each.input), file }));
    });
}

/** Keeps the input of a failure, so that it is sent from now on. @returns the file */
export function keep(directory: string, { target, words, kept }: Failure): string | undefined {
  if (kept === undefined) return undefined;
  const file = join(directory, `${target.replaceAll(/\W+/g, "-")}.json`);
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Kept[]) : [];
  const entry: Kept = { why: words.split("\n")[0]?.slice(0, 200) ?? "", target, input: kept };
  writeFileSync(file, `${JSON.stringify([...before, entry], null, 2)}\n`);
  return file;
}

// JSON has no bytes.
function keptForm(input: unknown): unknown {
  try {
    return JSON.parse(
      JSON.stringify(input, (_name, each) =>
        each?.type === "Buffer" ? { $bytes: Buffer.from(each.data).toString("base64") } : each,
      ),
    );
  } catch {
    return undefined;
  }
}

function sentForm(kept: unknown): unknown {
  if (typeof kept !== "object" || kept === null) return kept;
  if (Array.isArray(kept)) return kept.map(sentForm);
  const entries = Object.entries(kept);
  const [only] = entries;
  if (entries.length === 1 && only?.[0] === "$bytes" && typeof only[1] === "string") return Buffer.from(only[1], "base64");
  return Object.fromEntries(entries.map(([name, each]) => [name, sentForm(each)]));
}
