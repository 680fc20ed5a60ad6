import type { ParameterStore } from "../../aws/ssm.js";
import { SignetError } from "../../errors.js";
import { type ActiveDocument, parseActiveDocument } from "../../keyring/active-document.js";
import type { ActiveStore } from "../contract.js";

/** How many names there are. GetParameters reads ten at once, and no more. */
const SLOTS = 10;
/** How long a write may take to be seen by every reader. */
const SETTLE_SECONDS = 60;

/**
 * The active document in Parameter Store, under ten names: the one of a sequence is its remainder. Nothing is ever written over
 * (`Overwrite: false`), so no history keeps a private key, and two writers cannot both win.
 *
 * @param path the path of its parameters, without a slash at the end
 * @param kmsKey encrypts what holds a private key; the account's own for Parameter Store when absent
 */
export function createAwsActiveStore(parameters: ParameterStore, path: string, kmsKey?: string): ActiveStore {
  const nameOf = (sequence: number): string => `${path}/${sequence % SLOTS}`;

  async function readSlot(sequence: number): Promise<ActiveDocument | undefined> {
    const name = nameOf(sequence);
    const text = (await parameters.get([name])).get(name);
    return text === undefined ? undefined : parseActiveDocument(text, name);
  }

  return Object.freeze({
    settleSeconds: SETTLE_SECONDS,
    slots: SLOTS,
    read: () => readActiveDocuments(parameters, path),
    async write(document: ActiveDocument, isPlain = false) {
      const name = nameOf(document.sequence);
      const value = JSON.stringify(document);
      // What KMS keeps or has wrapped is no secret, and reading it then takes no call to KMS.
      if (await parameters.create({ name, value, secret: !isPlain, kmsKey })) return;
      // A write whose answer was lost is done again: the same document is success.
      const present = await readSlot(document.sequence);
      if (JSON.stringify(present) !== JSON.stringify(parseActiveDocument(value, name))) {
        throw new SignetError("sequence_taken", `the parameter ${name} holds another active document`);
      }
    },
    async delete(sequence: number) {
      // The slot may have been given to a later document: that one stays.
      if ((await readSlot(sequence))?.sequence === sequence) await parameters.delete(nameOf(sequence));
    },
  });
}

/** Reads every active document that is visible, the highest sequence first, by one call. */
export async function readActiveDocuments(
  parameters: Pick<ParameterStore, "get">,
  path: string,
): Promise<readonly ActiveDocument[]> {
  const found = await parameters.get(Array.from({ length: SLOTS }, (_, slot) => `${path}/${slot}`));
  return [...found].map(([name, text]) => parseActiveDocument(text, name)).sort((a, b) => b.sequence - a.sequence);
}
