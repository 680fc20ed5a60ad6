import type { PublicJwk } from "../../../src/algorithms/jwk.js";
import type { KeyRecord } from "../../../src/keyring/key-record.js";
import type { Keyring } from "../../../src/keyring/keyring.js";
import type { View } from "../../../src/rotation/plan/view.js";
import { documentsOf } from "../../../src/rotation/steps/publish.js";
import { keyringFor } from "../../contracts/keyring-fixture.js";

export const NOW = 1_900_000_000;
export const DAY = 86_400;

/** A record in some state, made long ago. */
export function key(kid: string, state: KeyRecord["state"], more: Partial<KeyRecord> = {}): KeyRecord {
  const publicJwk: PublicJwk = { kty: "EC", use: "sig", alg: "ES256", kid, crv: "P-256", x: "AA", y: "AA" };
  const made = { creatingAt: NOW - 100 * DAY, pendingAt: NOW - 100 * DAY, publishedAt: NOW - 99 * DAY };
  const signing = state === "active" || state === "retired" ? { activatedAt: NOW - 10 * DAY, maxTtlSeconds: DAY } : {};
  return { id: kid, state, alg: "ES256", custody: "file", origin: "created", publicJwk, ...made, ...signing, ...more };
}

/** What would be read where everything is as the records say. */
export function viewOf(keys: readonly KeyRecord[], more: Partial<Keyring> = {}): View {
  const keyring = { ...keyringFor(keys), lastSequence: 1, confirmedSequence: 1, sweptAt: NOW, ...more };
  const active = keys.find((record) => record.state === "active")?.publicJwk?.kid ?? "none";
  const documents = [{ sequence: 1, kid: active, alg: "ES256" as const, maxTtlSeconds: DAY, material: { file: active } }];
  return { keyring, published: { ...documentsOf(keyring), tag: "t" }, documents, patient: false, slots: null, settleSeconds: 0 };
}

/** Ten keys: as many as can be published. */
export function fullView(now: number): View {
  const retired = Array.from({ length: 7 }, (_, index) => key(`r${index}`, "retired", { retiredAt: now - index }));
  return viewOf([key("a", "active"), key("b", "pending"), key("c", "pending"), ...retired]);
}
