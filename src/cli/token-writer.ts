import { once } from "node:events";
import type { Output } from "./output.js";
import { createProgress } from "./progress.js";

/** Writes tokens, one a line, in large pieces and only as fast as they are taken. */
export interface TokenWriter {
  write(token: string): void | Promise<void>;
  end(): Promise<void>;
}

const PIECE_CHARACTERS = 65_536;

/** Binds a stream. `asLine` says how a token is written. Work of more than a second shows its progress on a terminal. */
export function createTokenWriter(stream: NodeJS.WriteStream, output: Output, asLine = withNothing): TokenWriter {
  let piece = "";
  let count = 0;
  const progress = createProgress(output);
  const soFar = (): string => `${count.toLocaleString("en")} tokens`;

  async function flush(): Promise<void> {
    const text = piece;
    piece = "";
    progress.tell(soFar());
    if (!stream.write(text)) await once(stream, "drain");
  }

  return Object.freeze({
    write(token: string) {
      piece += `${asLine(token)}\n`;
      count += 1;
      return piece.length >= PIECE_CHARACTERS ? flush() : undefined;
    },
    async end() {
      if (piece !== "") await flush();
      progress.end(soFar());
    },
  });
}

function withNothing(token: string): string {
  return token;
}
