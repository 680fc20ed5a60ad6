import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { SignetError } from "../errors.js";

/** The one-time code of a console's link, and the session that it was given for. */
export interface Invitation {
  readonly code: string;
  /**
   * Takes the code, once.
   *
   * @returns the session's key, which is kept nowhere
   * @throws SignetError `proof_refused` for a wrong code; `proof_replayed` where it was used, or too many were wrong
   */
  redeem(code: string): string;
  /** Whether this is the session's key. */
  isSession(key: string | undefined): boolean;
}

/** As many guesses of 256 bits tell no one anything; who types a link by hand mistypes it once or twice. */
const MAX_WRONG = 5;
const BYTES = 32;

/** Makes a code. Whether it is right, and whether a session is, takes the same time whatever is shown. */
export function createInvitation(): Invitation {
  const code = randomBytes(BYTES).toString("base64url");
  const wanted = digestOf(code);
  let wrong = 0;
  let session: Buffer | undefined;
  return Object.freeze({
    code,
    redeem(given: string): string {
      const isRight = timingSafeEqual(digestOf(given), wanted);
      if (session !== undefined) throw over("this link was used already, and works once");
      if (wrong >= MAX_WRONG) throw over("too many wrong codes were shown, so that this link works no more");
      if (!isRight) {
        wrong += 1;
        throw new SignetError(
          "proof_refused",
          "this is not the link's code: open the whole link, as `signet console` printed it",
        );
      }
      const key = randomBytes(BYTES).toString("base64url");
      session = digestOf(key);
      return key;
    },
    isSession: (key: string | undefined) =>
      timingSafeEqual(digestOf(key ?? ""), session ?? wanted) && session !== undefined && key !== undefined,
  });
}

function over(why: string): SignetError {
  return new SignetError("proof_replayed", `${why}: end \`signet console\` and start it again for another one`);
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
