import { readJson } from "../../encoding/json-names-web.js";
import type { Api, ChangeLine, ChangeRequest, ErrorAnswer, SessionAnswer } from "../contract.js";
import { linesOf } from "./lines.js";
import { type Ask, NotTheConsole, post, provenFetch } from "./proven-fetch.js";

const STORED = "signet-session";

type Failure = ErrorAnswer["error"];
/** How a change has ended. */
export type Done = Extract<ChangeLine, { readonly done: object }>["done"];

/** Why there is no answer: the console refused, or it was not reached. */
export class ApiError extends Error {
  readonly code: Failure["code"] | "unreachable";
  /** The member at fault. */
  readonly field: string | undefined;

  constructor({ code, message, field }: { code: Failure["code"] | "unreachable"; message: string; field?: string | undefined }) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.field = field;
  }
}

// In memory, and in what the browser forgets with the tab, where it lets a page keep something.
let ask: Ask | null = null;

/** True where this tab has shown its code already. */
export function hasSession(): boolean {
  const kept = ask === null ? parsed(storage(() => sessionStorage.getItem(STORED)) ?? "") : undefined;
  if (kept !== undefined) ask = provenFetch(kept as SessionAnswer);
  return ask !== null;
}

/** Shows the code of the link, once. */
export async function beginSession(code: string): Promise<void> {
  const keys = await call("/api/session", { code });
  ask = provenFetch(keys);
  storage(() => sessionStorage.setItem(STORED, JSON.stringify(keys)));
}

// A browser that keeps nothing of any site throws.
function storage<Value>(use: () => Value): Value | undefined {
  try {
    return use();
  } catch {
    return undefined;
  }
}

/** What the window is told once the console no longer knows this session. */
export const SESSION_ENDED = "session-ended";

function endSession(): void {
  ask = null;
  storage(() => sessionStorage.removeItem(STORED));
  dispatchEvent(new Event(SESSION_ENDED));
}

/** Asks the console. @throws ApiError */
export async function call<Path extends Exclude<keyof Api, "/api/change">>(
  path: Path,
  asked: Api[Path]["asked"],
): Promise<Api[Path]["answered"]> {
  const response = await send(path, asked);
  const answer = await answerOf(response);
  if (!response.ok || answer === undefined) throw refusal(answer, response.status);
  return answer as Api[Path]["answered"];
}

/** Does what was previewed, and tells each step as it comes. @throws ApiError */
export async function change(asked: ChangeRequest, told: (step: string) => void): Promise<Done> {
  const response = await send("/api/change", asked);
  if (!response.ok || response.body === null) throw refusal(await answerOf(response), response.status);
  for await (const line of linesOf(response.body)) {
    const read = parsed(line) as ChangeLine | undefined;
    if (read === undefined) break;
    if ("error" in read) throw new ApiError(read.error);
    if ("done" in read) return read.done;
    told(read.step);
  }
  throw unreachable("The answer was cut before it ended. What was begun may have been done: the keys are read again.");
}

async function answerOf(response: Response): Promise<unknown> {
  return parsed(await response.text().catch(() => ""));
}

// Browsers as well misread names that hold escapes.
function parsed(text: string): unknown {
  try {
    return readJson(text).value;
  } catch {
    return undefined;
  }
}

async function send(path: keyof Api, asked: unknown): Promise<Response> {
  try {
    if (path === "/api/session") return await post(path, JSON.stringify(asked));
    if (ask !== null) return await ask(path, asked);
    throw new NotTheConsole();
  } catch (error) {
    if (!(error instanceof NotTheConsole)) {
      throw unreachable("The console does not answer. It may have been stopped: `signet console` starts it again.");
    }
    endSession();
    throw unreachable("What answers is not the console. It has ended, and its port was taken: nothing of this answer was used.");
  }
}

function unreachable(message: string): ApiError {
  return new ApiError({ code: "unreachable", message });
}

function refusal(answer: unknown, status: number): ApiError {
  const error = (answer as Partial<ErrorAnswer> | undefined)?.error;
  if (typeof error?.code === "string" && typeof error.message === "string") return new ApiError(error);
  return unreachable(`What answers (with status ${status}) is not the console. It may have been stopped, and its port taken.`);
}
