import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { SignetError } from "../../errors.js";
import { makePrivateDirectory, PRIVATE_FILE } from "../../files/durable.js";
import { asUnreadable, asUnwritable } from "../../files/failures.js";
import { withProcessLock } from "../../files/process-lock.js";
import { openTrusted, readTrustedText } from "../../files/trusted-read.js";
import type { AuditStore } from "../contract.js";

/** The audit log as a file of JSON lines; writers take turns under a lock beside it. */
export function createFileAuditStore(path: string): AuditStore {
  return Object.freeze({
    async append(number: number, line: string) {
      await makePrivateDirectory(dirname(path));
      await withProcessLock(`${path}.lock`, () => appendOnce(path, number, line));
    },
    async *read(after = 0) {
      let number = 0;
      const stream = (await openTrusted("document", path))?.createReadStream({ encoding: "utf8" });
      if (stream === undefined) return;
      try {
        for await (const line of linesOf(stream)) {
          if (line === "") continue;
          number = numberOf(line) ?? number + 1;
          if (number > after) yield line;
        }
      } catch (error) {
        throw asUnreadable(path, error);
      } finally {
        stream.destroy();
      }
    },
  });
}

// What has no line break yet is no line: it was cut short, and will be written again, whole. Not by node:readline, which from Node 24 on ends a line at U+2028 and U+2029 as well: JSON leaves them as they are in a text.
async function* linesOf(chunks: AsyncIterable<string>): AsyncIterable<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() as string;
    yield* lines;
  }
}

// A line says which it is: where lines are missing, their place in the file does not.
function numberOf(line: string): number | undefined {
  const digits = /^\{"number":(\d{1,15}),/.exec(line)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

async function appendOnce(path: string, number: number, line: string): Promise<void> {
  const text = (await readTrustedText("document", path)) ?? "";
  // A last line without its line break is a write that a crash or a full disk cut short, whatever it says.
  const whole = text.lastIndexOf("\n") + 1;
  if (`\n${text}`.includes(`\n${line}\n`)) return;
  if (
    text
      .slice(0, whole)
      .split("\n")
      .some((other) => numberOf(other) === number)
  ) {
    throw new SignetError(
      "store_failed",
      `${path} holds another line ${number}: an old keyring was put back, or the log was changed outside Signet`,
    );
  }
  const file = await open(path, "a+", PRIVATE_FILE).catch((error) => Promise.reject(asUnwritable(path, error)));
  try {
    // It is cut off before the whole line is written.
    if (whole < text.length) await file.truncate(Buffer.byteLength(text.slice(0, whole)));
    await file.appendFile(`${line}\n`);
    await file.sync();
  } catch (error) {
    throw asUnwritable(path, error);
  } finally {
    await file.close();
  }
}
