import { decodeUtf8 } from "../../encoding/strict-json.js";
import { SignetError } from "../../errors.js";
import type { KnownCaller } from "../../issue/callers.js";
import type { Authenticator } from "../authenticate.js";
import { decodeFormText, type Form } from "../form.js";
import { assertedProof, type Use } from "../prove-caller.js";
import type { RequestContext } from "../request-context.js";

/** A client that has shown who it is. */
export interface Client {
  readonly caller: KnownCaller;
  /** The token that proved it, and its use; absent where it has shown a secret. */
  readonly proof?: { readonly token: string; readonly use: Use; readonly isReusable: boolean } | undefined;
}

/** A client as it says who it is by a secret (RFC 6749 section 2.3.1). */
export interface Credentials {
  readonly id: string;
  readonly secret: string;
}

/** The only type of `client_assertion`. */
export const CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** The parameters by which a form says who the client is. */
const ASSERTION = ["client_assertion", "client_assertion_type"];
const WAYS = ["client_secret", ...ASSERTION];

/** The client of a secret. @throws SignetError `caller_unknown`, `caller_expired`, `issuing_closed`, `rate_exceeded` */
export async function clientBySecret(
  authenticate: Authenticator,
  { id, secret }: Credentials,
  context: RequestContext,
): Promise<Client> {
  const caller = await authenticate.bySecret(secret, context);
  if (caller.name !== id) throw new SignetError("caller_unknown", "client_id is not the caller that this secret belongs to");
  return { caller };
}

/**
 * The client of a form, which authenticates in one way: by `client_secret`, or by `client_assertion` (RFC 7521 section 4.2), which it has
 * signed itself (private_key_jwt) or which is a token of an issuer that one of its rules trusts.
 *
 * @returns `undefined` where the form says no more than `client_id`
 * @throws SignetError `invalid_request`, `caller_secret_missing` for half of a way, and what `bySecret` and `byProof` throw
 */
export async function clientByForm(
  authenticate: Authenticator,
  form: Form,
  context: RequestContext,
): Promise<Client | undefined> {
  const id = form.get("client_id");
  const secret = form.get("client_secret");
  if (secret !== undefined) {
    if (ASSERTION.some((name) => form.has(name))) throw twice("client_assertion");
    if (id === undefined) throw new SignetError("caller_secret_missing", "send client_id beside client_secret");
    return clientBySecret(authenticate, { id, secret }, context);
  }
  const assertion = clientAssertion(form);
  return assertion === undefined ? undefined : clientByToken(authenticate, assertion, "client_assertion", id, context);
}

/**
 * The client that a token proves.
 *
 * @param field the parameter that it stood in
 * @param clientId the caller that the client says it is
 */
export async function clientByToken(
  authenticate: Authenticator,
  token: string,
  field: string,
  clientId: string | undefined,
  context: RequestContext,
): Promise<Client> {
  const { caller, use, isReusable } = await authenticate.byProof(token, context, { clientId }, field);
  return { caller, proof: { token, use, isReusable } };
}

function clientAssertion(form: Form): string | undefined {
  const assertion = form.get("client_assertion");
  const type = form.get("client_assertion_type");
  if (assertion === undefined && type === undefined) return undefined;
  if (assertion === undefined || type === undefined)
    throw invalid("client_assertion", "send client_assertion and client_assertion_type together (RFC 7521, section 4.2)");
  if (type !== CLIENT_ASSERTION)
    throw new SignetError("proof_refused", `client_assertion_type must be ${CLIENT_ASSERTION}`, { field: "client_assertion" });
  return assertedProof(assertion, "client_assertion");
}

/** Asserts that a form says nothing else of the client than its header does (RFC 6749 section 2.3: one way of authentication a request). */
export function assertOneClient(form: Form, { id }: Credentials): void {
  const more = WAYS.find((name) => form.has(name));
  if (more !== undefined) throw twice(more);
  if ((form.get("client_id") ?? id) !== id)
    throw invalid("client_id", "client_id is not the client of the header authorization: leave it out");
}

/** Reads the header `Authorization` of a client: RFC 6749 section 2.3.1, both halves are form-encoded before they are joined. */
export function basicCredentials(header: string): Credentials {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(header)?.[1];
  const bytes = Buffer.from(encoded ?? "", "base64");
  const text = bytes.toString("base64") === encoded ? decodeUtf8(bytes) : undefined;
  const at = text?.indexOf(":") ?? -1;
  const [id, secret] = at < 0 ? [] : [text?.slice(0, at), text?.slice(at + 1)].map((half = "") => decodeFormText(half));
  if (id !== undefined && secret !== undefined) return { id, secret };
  throw new SignetError("caller_secret_missing", "the header authorization is not Basic credentials");
}

function twice(field: string): SignetError {
  return invalid(field, `the client says twice who it is: leave ${field}, or the other way, out`);
}

function invalid(field: string, message: string): SignetError {
  return new SignetError("invalid_request", message, { field });
}
