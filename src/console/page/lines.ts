/** The lines of a stream of UTF-8, as they come; it ends as well where the connection is lost, without what came in part. */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const read = await reader.read().catch(() => undefined);
      if (read === undefined) return;
      rest += read.done ? decoder.decode() : decoder.decode(read.value, { stream: true });
      const lines = rest.split("\n");
      rest = read.done ? "" : (lines.pop() ?? "");
      yield* lines.filter((line) => line.trim() !== "");
      if (read.done) return;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
