import type { VerifyRequest } from "../contract.js";

/** What was typed. */
export interface Typed {
  readonly token: string;
  readonly by: "own" | "other";
  /** The other issuer's URL. */
  readonly other: string;
  readonly audience: string;
}

/** What is asked of the console; `null` where something is missing. An answer is of this request, and is shown beside no other. */
export function verifyRequest({ token, by, other, audience }: Typed): VerifyRequest | null {
  const [text, issuer, expected] = [token.trim(), other.trim(), audience.trim()];
  if (text === "" || (by === "other" && issuer === "")) return null;
  return { token: text, by: by === "own" ? "own" : { issuer }, ...(expected !== "" && { audience: expected }) };
}
