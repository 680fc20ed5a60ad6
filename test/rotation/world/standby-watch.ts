import type { ActivationIntent, Keyring } from "../../../src/keyring/keyring.js";

/** Whether planned rotations leave what a revocation needs: a standby that verifiers know. */
export interface StandbyWatch {
  keyringWritten(keyring: Keyring): void;
  /** True from a planned rotation that has left no ready standby, or chose a key that cannot sign, until there is one again. */
  isStripped(): boolean;
}

/**
 * @param isReady whether every verifier knows a key by now
 * @param isSound whether the private part of a key is there
 */
export function createStandbyWatch(
  isReady: (kid: string) => boolean,
  isSound: (id: string, kid: string) => boolean,
): StandbyWatch {
  let before: ActivationIntent | null = null;
  let stripped = false;
  let wasStripped = false;

  function hasReady({ keys, activation }: Keyring): boolean {
    return keys.some(({ id, state, publicJwk, revokedAt, maxTtlSeconds }) => {
      const isStandby = state === "pending" && revokedAt === undefined && maxTtlSeconds === undefined && id !== activation?.id;
      return isStandby && publicJwk !== undefined && isReady(publicJwk.kid) && isSound(id, publicJwk.kid);
    });
  }

  return {
    keyringWritten(keyring) {
      const { activation, keys } = keyring;
      const isPlanned = activation?.because === "due" || activation?.because === "requested";
      // An intent that an old keyring made, which was put back, is given up before anything was written.
      if (before !== null && activation === null && keys.find(({ id }) => id === before?.id)?.state !== "active")
        stripped = wasStripped;
      if (before === null) wasStripped = stripped;
      // An intent that moves on to another standby is none of its own: its first key failed after it was proven.
      if (isPlanned && before === null) {
        const kid = keys.find(({ id }) => id === activation.id)?.publicJwk?.kid ?? "";
        stripped = !isSound(activation.id, kid);
      }
      // Where keys are uploaded, a standby that is only published helps nobody.
      if (keyring.policy.byUpload === true) stripped = false;
      else if (isPlanned && before === null && !hasReady(keyring)) stripped = true;
      else if (!isPlanned && hasReady(keyring)) stripped = false;
      before = activation;
    },
    isStripped: () => stripped,
  };
}
