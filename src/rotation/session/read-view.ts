import type { Keyring } from "../../keyring/keyring.js";
import { documentState, type View } from "../plan/view.js";
import type { Context } from "./context.js";

const REREADS = 3;

/** Reads what a plan is made of, beside the keyring. */
export async function readView({ stores }: Context, keyring: Keyring): Promise<View> {
  const [published, documents] = await Promise.all([stores.publicDocuments.read(), stores.active.read()]);
  const { slots, settleSeconds } = stores.active;
  return { keyring, published, documents, slots, settleSeconds, patient: false };
}

/**
 * As `readView`; a document older than the confirmed one is read three times more, over longer than the store needs to settle,
 * before it is believed.
 */
export async function readViewWithRetries(context: Context, keyring: Keyring): Promise<View> {
  let view = await readView(context, keyring);
  if (documentState(view) !== "stale") return view;
  const pauseSeconds = Math.ceil((view.settleSeconds * 5) / 9);
  for (let attempt = 0; attempt < REREADS; attempt++) {
    if (pauseSeconds > 0) {
      context.onStep({
        action: "wait",
        words: `the active document is older than the confirmed one: read again in ${pauseSeconds} s`,
      });
      await context.sleep(pauseSeconds);
    }
    view = await readView(context, keyring);
    if (documentState(view) !== "stale") return view;
  }
  return { ...view, patient: true };
}
