import { dirname, join } from "node:path";
import { SignetError } from "../../errors.js";
import { createFile, makePrivateDirectory, PRIVATE_FILE, removeFile } from "../../files/durable.js";
import { namesIn } from "../../files/names.js";
import { withProcessLock } from "../../files/process-lock.js";
import { removeInterruptedWrites } from "../../files/temporary.js";
import { readTrustedText } from "../../files/trusted-read.js";
import { type ActiveDocument, parseActiveDocument } from "../../keyring/active-document.js";
import type { ActiveStore } from "../contract.js";
import { assertConfirmed } from "./restored.js";

const ATTEMPTS = 5;
const NAME = /^([1-9]\d{0,15})\.json$/;

/**
 * The active document as a file of its own directory, named by its sequence. A name is never used twice, so a manager that was
 * stopped between a check and a delete can only hit a document that is over.
 *
 * @param directory of these documents alone, in the installation's directory
 */
export function createFileActiveStore(directory: string): ActiveStore {
  const pathOf = (sequence: number): string => join(directory, `${sequence}.json`);
  return Object.freeze({
    settleSeconds: 0,
    slots: null,
    async read() {
      for (let attempt = 1; ; attempt++) {
        const sequences = await sequencesIn(directory);
        const documents: ActiveDocument[] = [];
        for (const sequence of sequences) {
          const document = await readDocument(pathOf(sequence));
          if (document !== undefined) documents.push(document);
        }
        // A document goes when a newer one is there: where one was listed and is gone, the list is old.
        if (documents.length < sequences.length && attempt < ATTEMPTS) continue;
        if (documents.length === 0) await assertConfirmed(dirname(directory));
        return documents;
      }
    },
    async write(document: ActiveDocument) {
      await makePrivateDirectory(directory);
      const text = `${JSON.stringify(document, null, 2)}\n`;
      const isWritten = await withProcessLock(join(directory, ".lock"), async () => {
        await removeInterruptedWrites(directory, (name) => NAME.test(name));
        return createFile(pathOf(document.sequence), text, PRIVATE_FILE);
      });
      if (isWritten) return;
      // A write whose answer was lost is done again: the same document is success.
      const present = await readDocument(pathOf(document.sequence));
      if (JSON.stringify(present) !== JSON.stringify(parseActiveDocument(text, directory))) {
        throw new SignetError("sequence_taken", `${pathOf(document.sequence)} holds another active document`);
      }
    },
    delete: (sequence: number) => removeFile(pathOf(sequence)),
  });
}

async function sequencesIn(directory: string): Promise<number[]> {
  return (await namesIn(directory))
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

async function readDocument(path: string): Promise<ActiveDocument | undefined> {
  const text = await readTrustedText("document", path);
  return text === undefined ? undefined : parseActiveDocument(text, path);
}
