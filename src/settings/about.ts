/** How a member is set beside its file, and what stands for it where it is not set. */
export interface Ways {
  /** The environment variable that overrides the file. */
  readonly variable?: `SIGNET_${string}`;
  /** The flag of `signet init`. */
  readonly flag?: `--${string}`;
  /** A default that is no constant, in words. */
  readonly fallback?: string;
}

/** What people are told of a member. */
export interface Told extends Ways {
  /** What it is for, in one sentence. */
  readonly meaning: string;
  readonly example: unknown;
}

/**
 * What people are told of a member. The build leaves it out of the functions, which print no help: there `about` is empty (tools/build.mjs).
 *
 * @param meaning one sentence, which names no unit and no bounds: those are described themselves
 * @param example a value that a user would write
 * @param ways how it is set beside its file
 */
export function about(meaning: string, example: unknown, ways?: Ways): Told {
  return { meaning, example, ...ways };
}
