import { isObject } from "../../encoding/object-schema.js";
import { ownMember } from "../../encoding/own-member.js";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { SignetError, visible } from "../../errors.js";
import { assertKeyId } from "../key-id.js";
import type { CommandSettings } from "./facts.js";
import { type Environment, environmentFor, findProgram } from "./program.js";
import { runProgram } from "./run.js";

/** How many runs may be under way at once: a batch of a thousand tokens must not start a thousand programs. */
const MAX_RUNS = 8;

/** What a member of an answer is. */
type Kind = "text" | "text or null" | "flag" | "texts";

/** The members of each answer: all of them have to be there, and no other. */
const ANSWERS = {
  get: { value: "text or null" },
  store: { stored: "flag" },
  make: { key: "text", publicKey: "text" },
  find: { key: "text or null", publicKey: "text or null" },
  sign: { signature: "text" },
  erase: {},
  list: { ids: "texts" },
} as const satisfies Record<string, Readonly<Record<string, Kind>>>;

type ByKind = { text: string; "text or null": string | null; flag: boolean; texts: readonly string[] };
type Answers = typeof ANSWERS;
/** What a program answers to a request. */
type Answer<Do extends keyof Answers> = {
  readonly [Name in keyof Answers[Do]]: Answers[Do][Name] extends Kind ? ByKind[Answers[Do][Name]] : never;
};

/** Asks the program: one run a request. */
export type Ask = <Do extends keyof Answers>(what: Do, members?: Readonly<Record<string, unknown>>) => Promise<Answer<Do>>;

/** Binds a program, and answers the function that asks it. Nothing is run yet. */
export function asking({ program: [name = "", ...args], timeoutSeconds, environment }: CommandSettings, env: Environment): Ask {
  const passed = environmentFor(env, environment);
  const free = turns(MAX_RUNS);
  return async (what, members = {}) => {
    // A program may make a path of it.
    if ("id" in members) assertKeyId(members.id);
    const program = findProgram(name, env);
    const input = `${JSON.stringify({ version: 1, do: what, ...members })}\n`;
    const text = await free(() => runProgram({ program, args, env: passed, timeoutMs: timeoutSeconds * 1_000, input }));
    return answerIn(text, what, visible(program)) as never;
  };
}

function answerIn(text: string, what: keyof Answers, program: string): unknown {
  const wrong = (why: string) => new SignetError("custodian_failed", `${program} answered \`${what}\` wrongly: ${why}`);
  let answer: unknown;
  try {
    answer = parseStrictJson(text, "the answer");
  } catch {
    throw wrong("it is not one JSON object");
  }
  if (!isObject(answer)) throw wrong("it is not one JSON object");
  const kinds: Readonly<Record<string, Kind>> = ANSWERS[what];
  for (const name of Object.keys(answer)) {
    if (!Object.hasOwn(kinds, name))
      throw wrong(`it has a member that is not known, beside ${Object.keys(kinds).join(", ") || "none"}`);
  }
  for (const [name, kind] of Object.entries(kinds)) {
    if (!IS[kind](ownMember(answer, name))) throw wrong(`${name} must be ${IN_WORDS[kind]}`);
  }
  return answer;
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const IS: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  text: isText,
  "text or null": (value) => value === null || isText(value),
  flag: (value) => typeof value === "boolean",
  texts: (value) => Array.isArray(value) && value.every(isText),
};
const IN_WORDS: Readonly<Record<Kind, string>> = {
  text: "a text",
  "text or null": "a text, or null",
  flag: "true or false",
  texts: "a list of texts",
};

/** Lets so many work at once; the others wait for their turn. */
function turns(max: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= max) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      // A turn is handed on, so that a later request cannot take it.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
