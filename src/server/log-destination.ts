import { fstatSync, readFileSync, write, writeSync } from "node:fs";
import { isatty } from "node:tty";

/** Where a log's lines go. Losing lines is counted and never stops the process. */
export interface LogDestination {
  /** Takes a line with its end. */
  write(line: string): void;
  /** Tells of lines that were lost, those of before included: why (an error code, or `full`), and how many. */
  onLost(listener: LossListener): void;
  /** Tells when lines can be written again, and how many were lost before. */
  onRecovered(listener: (lost: number) => void): void;
  /** Writes what waits, for so long at the most. */
  end(maxMs: number): Promise<void>;
}

export type LossListener = (reason: string, lines: number) => void;

const FLUSH_MS = 250;
const RETRY_MS = 10;
const LINE_END = 10;
/** A write for each line would cost a request a tenth of its time, and one for 8 KB, which wakes another thread, still a fiftieth. */
const PIECE_BYTES = 32_768;
/** A pipe takes this much whole or not at all (PIPE_BUF), so that the lines of several processes stay whole. */
const WHOLE_BYTES = 4_096;
/** Lines that wait for a reader that is slow; more than that is lost. */
const MAX_WAITING_BYTES = 1_048_576;

/**
 * Binds a file descriptor. One write is under way at a time, off the event loop; a full pipe is tried again; what fails is lost.
 *
 * @param options.isShared whether other processes write to it too
 * @param options.isPrompt whether each line is written at once
 */
export function createLogDestination(
  fd: number,
  options: { readonly isShared: boolean; readonly isPrompt: boolean },
): LogDestination {
  const losses = createLosses();
  const writer = createWriter(fd, { losses, maxBytes: options.isShared ? WHOLE_BYTES : MAX_WAITING_BYTES });
  setInterval(writer.flush, FLUSH_MS).unref();
  process.once("exit", writer.leave);
  return Object.freeze({
    write(line: string) {
      if (!writer.add(Buffer.from(line))) losses.add("full", 1);
      else if (options.isPrompt || writer.waitingBytes() >= PIECE_BYTES) writer.flush();
    },
    onLost: losses.onLost,
    onRecovered: losses.onRecovered,
    async end(maxMs: number) {
      const bound = new Promise<void>((resolve) => {
        setTimeout(resolve, maxMs);
      });
      await Promise.race([writer.drain(), bound]);
    },
  });
}

interface WriterOptions {
  readonly losses: ReturnType<typeof createLosses>;
  /** The longest piece that is made of whole lines. */
  readonly maxBytes: number;
}

function createWriter(fd: number, { losses, maxBytes }: WriterOptions) {
  const lines = createQueue();
  let piece: Buffer | undefined;
  let isBusy = false;
  let isWriting = false;
  let lastByte = LINE_END;
  let drained: (() => void) | undefined;

  function flush(): void {
    if (isBusy) return;
    if (piece === undefined && lines.bytes() === 0) {
      drained?.();
      return;
    }
    // A line of which only a part could be written is ended first.
    piece ??= Buffer.concat([Buffer.from(lastByte === LINE_END ? "" : "\n"), ...lines.take(maxBytes)]);
    isBusy = true;
    isWriting = true;
    write(fd, piece, 0, piece.length, null, onWritten);
  }

  function onWritten(error: NodeJS.ErrnoException | null, written: number): void {
    isWriting = false;
    if (error?.code === "EAGAIN") {
      setTimeout(release, RETRY_MS);
      return;
    }
    const writing = piece as Buffer;
    if (error === null) {
      lastByte = writing[written - 1] ?? lastByte;
      piece = written < writing.length ? writing.subarray(written) : undefined;
      if (piece === undefined) losses.end();
    } else {
      // The lines that follow are tried again: a disk that was full may have room by then.
      piece = undefined;
      losses.add(error.code ?? "unknown", linesOf(writing));
    }
    isBusy = false;
    if (piece !== undefined || drained !== undefined || lines.bytes() >= PIECE_BYTES) flush();
  }

  function release(): void {
    isBusy = false;
    flush();
  }

  return {
    add: lines.add,
    waitingBytes: lines.bytes,
    flush,
    drain: () =>
      new Promise<void>((resolve) => {
        drained = resolve;
        flush();
      }),
    leave: () => leave(fd, { isWriting, rest: Buffer.concat([piece ?? Buffer.alloc(0), ...lines.take(MAX_WAITING_BYTES)]) }),
  };
}

/** Lines that wait to be written, in their order. */
function createQueue() {
  let waiting: Buffer[] = [];
  let bytes = 0;
  return {
    bytes: () => bytes,
    /** Answers false where there is no room. */
    add(line: Buffer): boolean {
      if (bytes + line.length > MAX_WAITING_BYTES) return false;
      waiting.push(line);
      bytes += line.length;
      return true;
    },
    /** Takes whole lines of so many bytes at the most; one that is longer goes alone. */
    take(maxBytes: number): Buffer[] {
      let [count, taken] = [0, 0];
      while (count < waiting.length && (count === 0 || taken + (waiting[count] as Buffer).length <= maxBytes)) {
        taken += (waiting[count++] as Buffer).length;
      }
      const lines = waiting.slice(0, count);
      waiting = waiting.slice(count);
      bytes -= taken;
      return lines;
    },
  };
}

function createLosses() {
  let listener: LossListener | undefined;
  let recovered: (lost: number) => void = () => undefined;
  const before = new Map<string, number>();
  let lostInARow = 0;
  return {
    add(reason: string, lines: number): void {
      lostInARow += lines;
      if (listener === undefined) before.set(reason, (before.get(reason) ?? 0) + lines);
      else listener(reason, lines);
    },
    end(): void {
      if (lostInARow === 0) return;
      const lost = lostInARow;
      lostInARow = 0;
      recovered(lost);
    },
    onLost(next: LossListener): void {
      listener = next;
      for (const [reason, lines] of before) next(reason, lines);
      before.clear();
    },
    onRecovered(next: (lost: number) => void): void {
      recovered = next;
    },
  };
}

/** At the process's end: one last try, and no waiting. */
function leave(fd: number, { isWriting, rest }: { readonly isWriting: boolean; readonly rest: Buffer }): void {
  // libuv joins its threads at an exit: one that hangs in a write would keep the process for ever, and ignore every signal.
  if (isWriting) {
    if (canBlock(fd)) process.kill(process.pid, "SIGKILL");
    return;
  }
  if (rest.length === 0 || canBlock(fd)) return;
  try {
    writeSync(fd, rest);
  } catch {
    // It cannot be written, and the counting has ended.
  }
}

/** Whether a write may wait for a reader: on a terminal that stands still, or a pipe that another process made blocking again. */
function canBlock(fd: number): boolean {
  try {
    const kind = fstatSync(fd);
    if (kind.isFile()) return false;
    if (kind.isCharacterDevice()) return isatty(fd);
    const flags = /^flags:\s+(?<octal>[0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.groups?.octal;
    return flags !== undefined && (Number.parseInt(flags, 8) & 0o4000) === 0;
  } catch {
    return false;
  }
}

function linesOf(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_END); at >= 0; at = bytes.indexOf(LINE_END, at + 1)) lines++;
  return lines;
}
