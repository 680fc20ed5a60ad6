import { spawn } from "node:child_process";
import { parse } from "node:path";
import { SignetError, visible } from "../../errors.js";
import { startInGroup } from "../../files/process-group.js";

/** One run of a program. */
export interface Run {
  /** Its absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** What it reads; it is never an argument, which every user of the machine could see. */
  readonly input: string;
}

/** What a program may answer at the most. */
const MAX_ANSWER_BYTES = 1_048_576;
/** How much of what it writes to stderr is shown. */
const MAX_STDERR_BYTES = 2_048;
/** Pieces of a secret as long as this are not shown, however a program has wrapped it. */
const PIECE_CHARACTERS = 16;

/**
 * Runs a program once: its input on stdin, its answer on stdout. It runs in a process group of its own, which ends with it: nothing that
 * it started outlives the time limit, or this process.
 *
 * @returns its answer, of a program that has ended with 0
 * @throws SignetError `custodian_failed` with what it wrote to stderr, made harmless for terminals and without any of its input or answer
 */
export function runProgram(run: Run): Promise<string> {
  return new Promise((resolve, reject) => {
    const name = visible(run.program);
    const group = startInGroup((options) =>
      spawn(run.program, run.args, { ...options, cwd: parse(run.program).root, env: run.env, stdio: ["pipe", "pipe", "pipe"] }),
    );
    const { child } = group;
    const stdout = collected(child.stdout, MAX_ANSWER_BYTES, () => end(`${name} answered more than ${MAX_ANSWER_BYTES} bytes`));
    const stderr = collected(child.stderr, MAX_STDERR_BYTES);
    const timer = setTimeout(
      () => end(`${name} did not end within ${run.timeoutMs / 1_000} seconds, and was killed`),
      run.timeoutMs,
    );
    let isOver = false;

    const finish = (settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      // Also after a good answer: what it left running would hold its pipes.
      group.kill();
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      settle();
    };
    const end = (what: string): void =>
      finish(() => reject(new SignetError("custodian_failed", what + said(stderr(), [run.input, stdout()]))));

    child.on("error", (error: NodeJS.ErrnoException) => end(`${name} cannot be started (${error.code ?? "unknown"})`));
    child.on("close", (code, signal) => {
      if (code === 0) finish(() => resolve(stdout()));
      else end(`${name} failed (${code === null ? `signal ${signal}` : `exit ${code}`})`);
    });
    // It need not read its input.
    child.stdin.on("error", () => undefined);
    child.stdin.end(run.input);
  });
}

/** Collects the beginning of a stream, and reads on, so that who writes never waits. */
function collected(stream: NodeJS.ReadableStream, maxBytes: number, onMore?: () => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("error", () => undefined);
  stream.on("data", (chunk: Buffer) => {
    if (bytes < maxBytes) chunks.push(chunk.subarray(0, maxBytes - bytes));
    bytes += chunk.length;
    if (bytes > maxBytes) onMore?.();
  });
  return () => Buffer.concat(chunks).toString("utf8");
}

// A program that is debugged writes what it reads: none of that may reach a log.
function said(stderr: string, secrets: readonly string[]): string {
  const text = stderr.trim();
  if (text === "") return "";
  const bare = text.replace(/\s+/g, "");
  const isTold = secrets.some((secret) => piecesOf(secret.replace(/\s+/g, "")).some((piece) => bare.includes(piece)));
  return isTold
    ? "; what it wrote to stderr is not shown, since it holds a part of what it was asked or answered"
    : `: ${visible(text)}`;
}

function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at + PIECE_CHARACTERS <= text.length; at += PIECE_CHARACTERS)
    pieces.push(text.slice(at, at + PIECE_CHARACTERS));
  return pieces;
}
