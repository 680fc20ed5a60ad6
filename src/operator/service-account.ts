import { isObject, isText } from "../encoding/list-of.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";
import { factGiven } from "../relying-parties/facts.js";
import { readKeyPlace } from "./key-content.js";
import { parseKeyPlace } from "./key-places.js";
import type { Surroundings } from "./surroundings.js";

/**
 * The service account that a key file of Google's names beside its key; `undefined` where it names none. What stdin has can be read only once,
 * and is not looked at.
 *
 * @param region that of what has no ARN
 * @throws SignetError `usage`, and what AWS answers
 */
async function accountBeside(
  surroundings: Surroundings,
  source: string,
  region: string | undefined,
): Promise<string | undefined> {
  const place = parseKeyPlace(source);
  if (place.service === "kms" || place.service === "stdin") return undefined;
  const { content } = await readKeyPlace(surroundings, place, region);
  try {
    const found = parseStrictJson(content, "the key file");
    return isObject(found) && isText(found.client_email) ? found.client_email : undefined;
  } catch {
    // What is no JSON is a key alone, or is refused where the key is read.
    return undefined;
  } finally {
    if (typeof content !== "string") content.fill(0);
  }
}

/** What is given of a service account, and of the key that it has already. */
interface AccountWishes {
  readonly serviceAccount?: string;
  readonly import?: string;
  readonly region?: string;
}

/**
 * The service account that is meant: the one that is given, else the one that the imported key file names.
 *
 * @throws SignetError `usage` where the two differ
 */
export async function serviceAccountFor(surroundings: Surroundings, given: AccountWishes): Promise<string | undefined> {
  const { serviceAccount, import: source, region } = given;
  const beside = source === undefined ? undefined : await accountBeside(surroundings, source, region);
  if (beside === undefined) return serviceAccount;
  const named = factGiven("serviceAccount", beside);
  if (serviceAccount === undefined || factGiven("serviceAccount", serviceAccount) === named) return named;
  throw new SignetError(
    "usage",
    `--service-account is not the account of the key: its client_email is ${named}; leave the option out`,
  );
}
