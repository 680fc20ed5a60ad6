import { writeSync } from "node:fs";

const STDOUT = 1;

/** What has been written, and where: a descriptor, and the stream over it. */
export interface Output {
  readonly writeSync: (descriptor: number, bytes: Uint8Array) => number;
  readonly stream: () => { write(text: Uint8Array): unknown; on(event: "error", listener: () => void): unknown };
}

const standardOutput: Output = { writeSync, stream: () => process.stdout };

/**
 * Makes what writes a function's log. A line goes to the descriptor, where Lambda takes it as it takes what `process.stdout` writes: the
 * stream over it takes longer to make than the rest of the log. Where the descriptor takes no more for now, the rest of that line and all
 * that follow go through the stream, which keeps their order. A log that is not read any more stops no token.
 */
export function createLineWriter(output: Output = standardOutput): (line: string) => void {
  let stream: ReturnType<Output["stream"]> | undefined;

  function writeDirectly(bytes: Uint8Array): Uint8Array {
    let rest = bytes;
    try {
      for (let written = -1; rest.length > 0 && written !== 0; rest = rest.subarray(written))
        written = output.writeSync(STDOUT, rest);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return new Uint8Array();
    }
    return rest;
  }

  return (line) => {
    const bytes = Buffer.from(line);
    const rest = stream === undefined ? writeDirectly(bytes) : bytes;
    if (rest.length === 0) return;
    if (stream === undefined) {
      stream = output.stream();
      stream.on("error", () => undefined);
    }
    stream.write(rest);
  };
}
