import { SignetError } from "../errors.js";

/** The fault of a member of a rule. */
export function wrongMember(field: string, what: string): SignetError {
  return new SignetError("config_invalid", `${field} ${what}`, { field });
}
