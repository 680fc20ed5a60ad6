import { ok } from "node:assert/strict";
import { isSignetError, type SignetError } from "../../src/errors.js";
import { ERROR_GROUPS } from "../../tools/reference/errors.mjs";
import { PRIVATE_VALUE } from "./grammar/words.js";

const CODES = new Set(ERROR_GROUPS.flatMap(({ codes }) => Object.keys(codes)));
/** What a terminal obeys, or nobody sees. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
/** Twenty faults of a config, each with a name that was cut; less than src/errors.ts keeps, so that a sentence has its end. */
const MAX_MESSAGE = 8_000;
const MAX_FIELD = 64;

/** What an error is judged by. */
export interface Judgement {
  /** Texts that no message, cause or line may hold. Default: a stranger's value. */
  readonly hidden?: readonly string[];
}

/**
 * Does what a stranger has brought about. What is thrown is ours, has a code that is documented, is fit for a log and a terminal, and
 * repeats nothing that is hidden.
 *
 * @returns what it answers; `undefined` where it was refused
 */
export async function ours<T>(work: () => T | Promise<T>, judgement: Judgement = {}): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    judgeError(error, judgement);
    return undefined;
  }
}

/** Holds an error to what every error of ours promises. */
export function judgeError(error: unknown, { hidden = [PRIVATE_VALUE] }: Judgement = {}): asserts error is SignetError {
  ok(isSignetError(error), `this is no error of ours: ${String((error as Error)?.stack)}`);
  const { code, message, field = "", status } = error;
  ok(CODES.has(code), `the code ${code} is not documented`);
  // A code for what nobody has foreseen is no answer to a stranger.
  ok(code !== "internal", `it failed unforeseen: ${error.stack}`);
  ok(status >= 400 && status < 600, `the status of ${code} is ${status}`);
  ok(message.length > 0 && message.length <= MAX_MESSAGE, `a message of ${message.length} characters: ${message.slice(0, 200)}`);
  ok(!UNSEEN.test(message), `a message that is not fit to be shown: ${JSON.stringify(message)}`);
  ok(!/\bundefined\b|\[object |\bNaN\b/.test(message), `a message about a value of the program: ${message}`);
  ok(field.length <= MAX_FIELD, `a field of ${field.length} characters`);
  for (let each: unknown = error; each instanceof Error; each = each.cause) assertHidden(each.message, hidden);
}

/** Holds a line of a log to what every line promises. */
export function judgeLine(line: string, { hidden = [PRIVATE_VALUE] }: Judgement = {}): void {
  ok(line.endsWith("\n") && !line.slice(0, -1).includes("\n"), `more than a line: ${JSON.stringify(line)}`);
  // AWS has checked who asks, and the log says who it was.
  const { identity: _, ...entry } = JSON.parse(line) as Record<string, unknown>;
  assertHidden(JSON.stringify(entry), hidden);
}

function assertHidden(words: string, hidden: readonly string[]): void {
  for (const each of hidden) ok(!words.includes(each), `it repeats what is hidden: ${words.slice(0, 300)}`);
}
