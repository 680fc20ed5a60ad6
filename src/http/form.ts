import { decodeUtf8 } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";

/** More than any request for a token has. */
const MAX_PARAMETERS = 20;

/** The parameters of a form, each once. */
export type Form = ReadonlyMap<string, string>;

/**
 * Parses a form (application/x-www-form-urlencoded) and refuses what others would drop or guess at: an empty name or value, a
 * parameter given twice (RFC 6749 section 3.2), percent encoding that is broken or hides invalid UTF-8. One pass over the text.
 *
 * @throws SignetError `invalid_request`
 */
export function parseForm(body: Uint8Array): Form {
  const text = decodeUtf8(body);
  if (text === undefined) throw malformed("is not valid UTF-8");
  const form = new Map<string, string>();
  if (text === "") return form;
  const pairs = text.split("&", MAX_PARAMETERS + 1);
  if (pairs.length > MAX_PARAMETERS) throw malformed(`has more than ${MAX_PARAMETERS} parameters`);
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    const name = decodeFormText(at < 0 ? pair : pair.slice(0, at));
    const value = decodeFormText(at < 0 ? "" : pair.slice(at + 1));
    if (name === undefined || value === undefined) throw malformed("has percent encoding that is broken, or not of UTF-8");
    if (name === "" || value === "") throw malformed("has a parameter without a name or a value: leave it out");
    if (form.has(name)) throw malformed("has a parameter twice");
    form.set(name, value);
  }
  return form;
}

/** Decodes a name or a value of a form; `undefined` where its percent encoding is broken or hides invalid UTF-8. */
export function decodeFormText(text: string): string | undefined {
  if (!text.includes("%") && !text.includes("+")) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

function malformed(what: string): SignetError {
  return new SignetError("invalid_request", `the form ${what}`);
}
