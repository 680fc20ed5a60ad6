import { describe, expect, it } from "vitest";
import { linesOf } from "../../../src/console/page/lines.js";

const encoder = new TextEncoder();

function streamOf(chunks: readonly Uint8Array[], end: "closed" | "cut" = "closed"): ReadableStream<Uint8Array> {
  const left = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const next = left.shift();
      if (next !== undefined) controller.enqueue(next);
      else if (end === "closed") controller.close();
      else controller.error(new Error("the connection was lost"));
    },
  });
}

async function read(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(stream)) lines.push(line);
  return lines;
}

describe("the lines of a stream", () => {
  const bytes = encoder.encode('{"step":"né"}\n{"step":"→"}\n\n{"done":1}\n');

  it.each([1, 2, 3, 7, 100])("are the same in pieces of %i bytes", async (size) => {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.slice(index * size, (index + 1) * size),
    );
    expect(await read(streamOf(pieces))).toStrictEqual(['{"step":"né"}', '{"step":"→"}', '{"done":1}']);
  });

  it("need no newline at the end", async () => {
    expect(await read(streamOf([encoder.encode("a\nb")]))).toStrictEqual(["a", "b"]);
  });

  it("end where the connection is lost, with what came whole", async () => {
    const lines = await read(streamOf([encoder.encode('{"step":"one"}\n{"st')], "cut"));
    expect(lines[0]).toBe('{"step":"one"}');
    expect(lines).toHaveLength(1);
  });
});
