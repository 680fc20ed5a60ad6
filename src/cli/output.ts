import { withSelf } from "../encoding/command-hints.js";
import { isSignetError, isTokenRefusal, type SignetError, visible } from "../errors.js";
import { configHints } from "./config-hints.js";
import { INTERRUPTED, wasInterrupted } from "./interruption.js";
import { columnsOf, createStyle, type Look } from "./style.js";

/** Done, failed, used wrongly, a token that was refused, or Ctrl-C at a question. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, interrupted: INTERRUPTED } as const;

/** Where a command writes: data on stdout, everything else on stderr. */
export interface Output {
  /** A line of data. What is in it of others is made visible; it stays one line. */
  data(line: string): void;
  /** A line of data that is a sentence: on a terminal it is broken between words. */
  sentence(line: string): void;
  /** A line for people, as `sentence`. */
  note(line: string): void;
  /** A line for people that is a command to paste: it is never broken. */
  command(line: string): void;
  /** Words with the commands in them as they can be pasted here: called as this one was, on the config that was given. */
  pasteable(words: string): string;
  /** From here on commands that are named are told on this config, as `--config` was given. */
  onConfig(config: string | undefined): void;
  /** Text for programs, as it is: a token, a PEM, a script. */
  exact(text: string): void;
  /** Data as JSON. */
  json(value: unknown): void;
  /** Data that is JSON already. */
  jsonText(text: string): void;
  /** A text in a colour, or bold, where the terminal shows it and NO_COLOR does not forbid it. */
  paint(text: string, look: Look): string;
  /** How wide the lines of data may be. */
  readonly columns: number;
  /** Whether stderr is a terminal. */
  readonly isWatched: boolean;
  /** From here on the command does work that has to come to its end, whether or not its data can be written. */
  finishWork(): void;
  /** Waits until the data so far was taken; false where it could not be written. */
  wasTaken(): Promise<boolean>;
  /** The exit code of a command that came to its end with another: data that did not fit a full disk is a failure. */
  exitCode(code: number): Promise<number>;
}

/**
 * The output of this process.
 *
 * @param self how this command is called, for the commands that are named in what it says
 */
export function createOutput(
  stdout: NodeJS.WriteStream,
  stderr: NodeJS.WriteStream,
  env: NodeJS.ProcessEnv,
  self = "signet",
): Output {
  const data = createDataStream(stdout, (code) => stderr.write(`signet: the output cannot be written (${code})\n`));
  // The reader of the notes is gone; the work that they are about goes on.
  stderr.on("error", () => undefined);
  const { paint, shown, broken } = createStyle(env);
  const lines = (line: string, stream: NodeJS.WriteStream, isWhole = false): string => {
    const columns = isWhole || stream.isTTY !== true ? Number.POSITIVE_INFINITY : columnsOf(stream, env);
    return broken(line, columns)
      .map((each) => `${shown(each, stream)}\n`)
      .join("");
  };
  let withConfig = configHints(self, undefined);
  const pasteable = (words: string): string => withConfig(withSelf(words, self));
  // What is beyond ASCII stands in texts alone, where JSON takes the same escapes: a parser reads what it said.
  const jsonText = (text: string): void => data.write(`${text.split("\n").map(visible).join("\n")}\n`);
  return Object.freeze({
    data: (line: string) => data.write(lines(line, stdout, true)),
    sentence: (line: string) => data.write(lines(line, stdout)),
    note: (line: string) => void stderr.write(lines(pasteable(line), stderr)),
    command: (line: string) => void stderr.write(lines(withConfig(line), stderr, true)),
    pasteable,
    onConfig(config: string | undefined) {
      withConfig = configHints(self, config);
    },
    exact: (text: string) => data.write(`${text}\n`),
    json: (value: unknown) => jsonText(JSON.stringify(value, null, 2)),
    jsonText,
    paint,
    columns: columnsOf(stdout, env),
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
  // A person who pressed Ctrl-C knows.
  if (wasInterrupted()) return EXIT.interrupted;
  if (!isSignetError(error)) {
    // Unexpected: its own words may hold anything, so only its kind is shown.
    const kind = error instanceof Error ? `${error.name}${codeOf(error)}` : typeof error;
    output.note(`signet: something unexpected failed (${kind}); set SIGNET_DEBUG=1 for where`);
    if (process.env.SIGNET_DEBUG === "1" && error instanceof Error) {
      for (const line of framesOf(error)) output.note(line);
    }
    return EXIT.failed;
  }
  const faults = faultsOf(error);
  const look: Look = isTokenRefusal(error) ? "bad" : "bold";
  output.note(`signet: ${output.paint(faults.length > 1 ? (faults[0] ?? "") : error.message, look)}`);
  for (const fault of faults.slice(1)) output.note(`  ${fault}`);
  return exitCodeOf(error);
}

// Faults that were found together stand below each other.
function faultsOf({ message, cause }: SignetError): readonly string[] {
  if (!(cause instanceof AggregateError)) return [];
  const each = cause.errors.filter((error) => isSignetError(error)).map((error) => error.message);
  return [`${message.slice(0, message.indexOf(":"))}:`, ...each];
}

function exitCodeOf(error: SignetError): number {
  if (error.code === "usage") return EXIT.usage;
  return isSignetError(error, "proof_refused") || isTokenRefusal(error) ? EXIT.refused : EXIT.failed;
}

function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? "" : ` ${code}`;
}

function framesOf(error: Error): readonly string[] {
  return (error.stack ?? "").split("\n").filter((line) => line.trimStart().startsWith("at "));
}
