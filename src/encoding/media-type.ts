const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** One parameter (RFC 9110 section 5.6.6), or none: a semicolon may stand at the end. */
const PARAMETER = new RegExp(`^[ \\t]*(?:(${TOKEN})=(${TOKEN}|"(?:[^"\\\\]|\\\\.)*"))?[ \\t]*(?:;|$)`);
const UTF_8 = /^"?utf-8"?$/i;

/**
 * Tells whether a header `content-type` says that a body is of a type, in UTF-8. Parameters that are ill-formed are no parameters, and a
 * second `charset` is one too many: another reader could believe it.
 */
export function isMediaType(given: string | null | undefined, wanted: string): boolean {
  if (given === wanted) return true;
  const end = given?.indexOf(";") ?? -1;
  const type = end < 0 ? given : given?.slice(0, end);
  return type?.trim().toLowerCase() === wanted && (end < 0 || isUtf8(given?.slice(end + 1) ?? ""));
}

function isUtf8(parameters: string): boolean {
  let charsets = 0;
  for (let rest = parameters; rest !== ""; ) {
    const [whole, name = "", value = ""] = PARAMETER.exec(rest) ?? [];
    if (whole === undefined) return false;
    if (name.toLowerCase() === "charset" && (!UTF_8.test(value) || ++charsets > 1)) return false;
    rest = rest.slice(whole.length);
  }
  return true;
}
