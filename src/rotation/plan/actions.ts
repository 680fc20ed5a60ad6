import type { ActivationCause, Keyring } from "../../keyring/keyring.js";
import { nameOf, recordById } from "./view.js";

/** One step of the manager. Each can be done again after a crash. */
export type Action =
  | { readonly kind: "make" }
  | { readonly kind: "finish-making"; readonly id: string }
  | { readonly kind: "abandon"; readonly id: string }
  | { readonly kind: "reread" }
  | { readonly kind: "publish" }
  | { readonly kind: "activate"; readonly id: string; readonly sequence: number; readonly because: ActivationCause }
  | { readonly kind: "confirm"; readonly id: string; readonly stage: "write" | "settle" }
  | { readonly kind: "discard"; readonly id: string }
  | { readonly kind: "delete-document"; readonly sequence: number }
  | { readonly kind: "remove"; readonly id: string }
  | { readonly kind: "prove" }
  | { readonly kind: "sweep" };

/** An action with what it is in words. */
export interface ReportedAction {
  readonly kind: Action["kind"] | "adopt" | "create" | "import" | "apply-settings" | "expire" | "destroy";
  readonly words: string;
  /** Of an activation: the key that signs by it, and why. */
  readonly kid?: string;
  readonly because?: ActivationCause;
}

/** An action as it is reported, by the keyring before it is carried out. */
export function reportedAction(action: Action, keyring: Keyring): ReportedAction {
  const words = actionInWords(action, keyring);
  if (action.kind !== "activate") return { kind: action.kind, words };
  const kid = recordById(keyring, action.id)?.publicJwk?.kid;
  return { kind: action.kind, words, because: action.because, ...(kid !== undefined && { kid }) };
}

const CAUSES: Readonly<Record<ActivationCause, string>> = {
  first: "it is the issuer's first key",
  due: "its predecessor has signed for as long as the policy says",
  requested: "a rotation was asked for",
  limits: "the longest life of a token has changed",
  lost: "the active document, or the private part of the key before, was lost",
  revoked: "its predecessor was revoked",
  repaired: "the active document was repaired",
};

/** An action in words, by the keyring before it is carried out. */
function actionInWords(action: Action, keyring: Keyring): string {
  const key = "id" in action ? nameIn(keyring, action.id) : "";
  switch (action.kind) {
    case "make":
      return `make a standby key (${keyring.policy.algorithm}, ${keyring.policy.custody})`;
    case "finish-making":
      return `finish making key ${key}`;
    case "abandon":
      return `give up making key ${key}: another algorithm or custodian is wanted since`;
    case "reread":
      return "read the active document again, which is older than the confirmed one";
    case "publish":
      return "publish the public keys and read them back";
    case "activate":
      return `activate key ${key}: ${CAUSES[action.because]}`;
    case "confirm":
      return `confirm that key ${key} signs`;
    case "discard":
      return `give up standby ${key}: lost, or not needed`;
    case "delete-document":
      return `delete the old active document ${action.sequence}`;
    case "remove":
      return `remove key ${key}`;
    case "prove":
      return "prove that every standby can sign";
    case "sweep":
      return "search the custodians for private keys that no record names";
  }
}

function nameIn(keyring: Keyring, id: string): string {
  const record = recordById(keyring, id);
  return record === undefined ? id : nameOf(record);
}
