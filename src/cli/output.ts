import { randomUUID } from "node:crypto";
import { visible } from "../encoding/visible.js";
import { isSignetError, isTokenRefusal, type SignetError } from "../errors.js";

/** Done, failed, used wrongly, or a token that was refused. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3 } as const;

/** Where a command writes: data on stdout, everything else on stderr. */
export interface Output {
  /** A line of data. What is in it of others is made visible; it stays one line. */
  data(line: string): void;
  /** A line for people, as `data`. */
  note(line: string): void;
  /** Text for programs, as it is: a token, a PEM, a script. */
  exact(text: string): void;
  /** Data as JSON. */
  json(value: unknown): void;
  /** Emphasis, where the terminal shows it and NO_COLOR does not forbid it. */
  bold(text: string): string;
  /** Whether stderr is a terminal. */
  readonly isWatched: boolean;
  /** From here on the command does work that has to come to its end, whether or not its data can be written. */
  finishWork(): void;
  /** Waits until the data so far was taken; false where it could not be written. */
  wasTaken(): Promise<boolean>;
  /** The exit code of a command that came to its end with another: data that did not fit a full disk is a failure. */
  exitCode(code: number): Promise<number>;
}

/** The output of this process. */
export function createOutput(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Output {
  const data = createDataStream(stdout, (code) => stderr.write(`signet: the output cannot be written (${code})\n`));
  // The reader of the notes is gone; the work that they are about goes on.
  stderr.on("error", () => undefined);
  const hasStyle = stderr.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
  // Emphasis is ours where it has this mark, which no other text can contain.
  const mark = hasStyle ? `<${randomUUID()}>` : "";
  const styled = (line: string): string => (hasStyle ? visible(line).replaceAll(mark, "\u001b[") : visible(line));
  return Object.freeze({
    data: (line: string) => data.write(`${styled(line)}\n`),
    note: (line: string) => void stderr.write(`${styled(line)}\n`),
    exact: (text: string) => data.write(`${text}\n`),
    // What is beyond ASCII stands in texts alone, where JSON takes the same escapes: a parser reads what it said.
    json: (value: unknown) => data.write(`${JSON.stringify(value, null, 2).split("\n").map(visible).join("\n")}\n`),
    bold: (text: string) => (hasStyle ? `${mark}1m${text}${mark}22m` : text),
    isWatched: stderr.isTTY === true,
    finishWork: data.finishWork,
    wasTaken: data.wasTaken,
    async exitCode(code: number) {
      return (await data.wasTaken()) || code !== EXIT.done ? code : data.failureCode();
    },
  });
}

/**
 * Stdout, and what becomes of the command when it cannot be written: one that only prints ends at once, one that changes something
 * finishes that first. `signet issue -n 1000 | head -1` closes the pipe: that is no failure. A full disk is one.
 */
function createDataStream(stdout: NodeJS.WriteStream, tell: (code: string) => void) {
  let hasWork = false;
  let failure: string | undefined;
  let last: Promise<void> = Promise.resolve();
  const failureCode = (): number => (failure === "EPIPE" ? EXIT.done : EXIT.failed);
  function failed({ code = "unknown" }: NodeJS.ErrnoException): void {
    if (failure !== undefined) return;
    failure = code;
    if (code !== "EPIPE") tell(code);
    if (!hasWork) process.exit(failureCode());
  }
  stdout.on("error", failed);
  return {
    write(text: string): void {
      if (failure !== undefined) return;
      last = new Promise((resolve) => {
        stdout.write(text, (error) => {
          if (error) failed(error);
          resolve();
        });
      });
    },
    finishWork(): void {
      hasWork = true;
    },
    async wasTaken(): Promise<boolean> {
      await last;
      return failure === undefined;
    },
    failureCode,
  };
}

/** Says a failure on stderr and answers the exit code for it. */
export function reportFailure(error: unknown, output: Output): number {
  if (!isSignetError(error)) {
    // Unexpected: its own words may hold anything, so only its kind is shown.
    const kind = error instanceof Error ? `${error.name}${codeOf(error)}` : typeof error;
    output.note(`signet: something unexpected failed (${kind}); set SIGNET_DEBUG=1 for where`);
    if (process.env.SIGNET_DEBUG === "1" && error instanceof Error) {
      for (const line of framesOf(error)) output.note(line);
    }
    return EXIT.failed;
  }
  output.note(`signet: ${error.message}`);
  return exitCodeOf(error);
}

function exitCodeOf(error: SignetError): number {
  if (error.code === "usage") return EXIT.usage;
  return isTokenRefusal(error) ? EXIT.refused : EXIT.failed;
}

function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? "" : ` ${code}`;
}

function framesOf(error: Error): readonly string[] {
  return (error.stack ?? "").split("\n").filter((line) => line.trimStart().startsWith("at "));
}
