import type { KeyRecord } from "../../../src/keyring/key-record.js";
import type { Keyring } from "../../../src/keyring/keyring.js";
import type { Services } from "./services.js";

/** What people do to an installation from outside. */
export type Hand =
  | { readonly hand: "delete-standby"; readonly which: number } // its private part
  | { readonly hand: "swap-standbys" }
  | { readonly hand: "unpublish-standby"; readonly which: number }
  | { readonly hand: "delete-document" } // the one that signs
  | { readonly hand: "leave-key" } // with the custodian, under an id that no keyring knows
  | { readonly hand: "put-back"; readonly writes: number }; // the keyring of so many writes ago

/** The id of the key that a hand leaves. */
export const LEFT_KEY = "left-by-hand";

/** Lays a hand on the installation. */
export function layHand(step: Hand, { hands, documents }: Services, keyring: Keyring | undefined): void {
  const standbys = keyring?.keys.filter(({ state, publicJwk }) => state === "pending" && publicJwk !== undefined) ?? [];
  const standby = (which: number): KeyRecord => {
    const found = standbys[which];
    if (found === undefined) throw new Error(`the story's hand finds no standby ${which}`);
    return found;
  };
  switch (step.hand) {
    case "delete-standby":
      hands.deletePart(standby(step.which).id);
      return;
    case "swap-standbys":
      hands.swapParts(standby(0).id, standby(1).id);
      return;
    case "unpublish-standby":
      hands.unpublish(standby(step.which).publicJwk?.kid as string);
      return;
    case "delete-document":
      hands.deleteDocument(documents()[0]?.sequence as number);
      return;
    case "leave-key":
      hands.leavePart(LEFT_KEY);
      return;
    case "put-back":
      hands.putBackWrites(step.writes);
      return;
  }
}
