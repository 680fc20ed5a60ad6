/** A token with another signature: no signature begins with both letters, while its end may be any by chance. */
export function withOtherSignature(token: string): string {
  const at = token.lastIndexOf(".") + 1;
  return `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
}
