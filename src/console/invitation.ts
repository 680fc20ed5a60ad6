import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { SignetError } from "../errors.js";

/** The one-time code of a console's link, and the session that it was given for. */
export interface Invitation {
  readonly code: string;
  /**
   * Takes the code, once.
   *
   * @returns the session's key, which is kept nowhere, and the key of the console's proofs
   * @throws SignetError `proof_refused` for a wrong code; `proof_replayed` where it was used
   */
  redeem(code: string): { readonly session: string; readonly proof: string };
  /** Whether this is the session's key. */
  isSession(key: string | undefined): boolean;
  /**
   * Proves to who has the session that this console answers.
   *
   * @returns HMAC-SHA-256 of what was asked, in hexadecimal digits, as the page computes it
   */
  prove(nonce: string, path: string): string;
}

const BYTES = 32;

/**
 * Makes a code. Whether it is right, and whether a session is, takes the same time whatever is shown. Guesses are not counted: those of 256
 * bits tell nothing, and who counts them lets strangers use them up.
 */
export function createInvitation(): Invitation {
  const code = secret();
  // The page sends the session's key with each request, also to another process that has the port of a console that has ended: this one it never sends.
  const proof = secret();
  const wanted = digestOf(code);
  let session: Buffer | undefined;
  return Object.freeze({
    code,
    redeem(given: string) {
      const isRight = timingSafeEqual(digestOf(given), wanted);
      if (session !== undefined) {
        throw new SignetError(
          "proof_replayed",
          "this link was used already, and works once: end `signet console` and start it again for another one",
        );
      }
      if (!isRight) {
        throw new SignetError(
          "proof_refused",
          "this is not the link's code: open the whole link, as `signet console` printed it",
        );
      }
      const key = secret();
      session = digestOf(key);
      return { session: key, proof };
    },
    isSession: (key: string | undefined) =>
      timingSafeEqual(digestOf(key ?? ""), session ?? wanted) && session !== undefined && key !== undefined,
    prove: (nonce: string, path: string) => createHmac("sha256", proof).update(`${nonce} ${path}`).digest("hex"),
  });
}

function secret(): string {
  return randomBytes(BYTES).toString("base64url");
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
