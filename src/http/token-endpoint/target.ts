import { SignetError } from "../../errors.js";
import type { Form } from "../form.js";

/** RFC 8707 section 2: an absolute URI without a fragment. */
const RESOURCE = /^[A-Za-z][A-Za-z0-9+.-]*:[!$-;=?-[\]_a-z~]+$/;

/**
 * Whom a token of the client's own is asked for: `resource`, which may be repeated (RFC 8707 section 2), or `audience`, once. Where both are
 * given they are the same.
 *
 * @throws SignetError `invalid_claim`, `invalid_request`
 */
export function ownTargets(form: Form): readonly string[] {
  const audience = form.get("audience");
  const [...targets] = targetsOf(form);
  if (audience !== undefined && targets.some((each) => each !== audience))
    throw invalidTarget("audience and resource differ: leave one of them out");
  return targets;
}

/**
 * Whom the token of an exchange is asked for: all of `audience` and `resource`, each of which may be repeated (RFC 8693 section 2.1).
 *
 * @throws SignetError `invalid_claim`
 */
export function targetsOf(form: Form): readonly string[] {
  const resources = form.all("resource");
  const audiences = form.all("audience");
  if (!resources.every((each) => RESOURCE.test(each))) throw invalidTarget("resource must be an absolute URI (RFC 8707)");
  if (audiences.some((each) => /\p{Cc}/u.test(each))) throw invalidTarget("audience must have no control characters");
  return [...new Set([...audiences, ...resources])];
}

/** The claim `aud` of some audiences; `undefined` for none. */
export function audienceClaim(targets: readonly string[]): string | readonly string[] | undefined {
  return targets.length > 1 ? targets : targets[0];
}

function invalidTarget(message: string): SignetError {
  return new SignetError("invalid_claim", message, { field: "claims.aud" });
}
