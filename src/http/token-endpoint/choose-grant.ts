import { SignetError } from "../../errors.js";
import { CLIENT_CREDENTIALS, GRANT_TYPES, JWT_BEARER, TOKEN_EXCHANGE } from "../../keyring/documents.js";
import type { Authenticator } from "../authenticate.js";
import type { Form } from "../form.js";
import { assertedProof } from "../prove-caller.js";
import type { RequestContext } from "../request-context.js";
import { type Client, clientByForm, clientByToken } from "./client-authentication.js";
import { type ExchangeOptions, tokenExchange } from "./exchange.js";
import { type Grant, ownGrant } from "./grants.js";

/** What grants are chosen and judged by. */
export interface GrantOptions extends ExchangeOptions {
  readonly authenticate: Authenticator;
}

/**
 * The client of a form without Basic. For the grant of a JWT it need not say more than that (RFC 7523 section 2.1): the assertion proves it.
 * The subject token of an exchange is no such thing.
 *
 * @throws SignetError `caller_secret_missing`, and what `clientByForm` throws
 */
export async function clientOf(form: Form, { authenticate }: GrantOptions, context: RequestContext): Promise<Client> {
  const client = await clientByForm(authenticate, form, context);
  if (client !== undefined) return client;
  if (form.get("grant_type") === JWT_BEARER) {
    return clientByToken(authenticate, assertionOf(form), "assertion", form.get("client_id"), context);
  }
  const ways = "its secret, by Basic or as client_id and client_secret, or client_assertion";
  throw new SignetError("caller_secret_missing", `the client has to say who it is: send ${ways}`);
}

/** What a form asks for. @throws SignetError `invalid_request`, `grant_not_supported`, and for what of the form the grant cannot have */
export async function grantOf(form: Form, client: Client, options: GrantOptions, context: RequestContext): Promise<Grant> {
  const type = form.get("grant_type");
  switch (type) {
    case CLIENT_CREDENTIALS:
      return ownGrant(form, client);
    case JWT_BEARER:
      return ownGrant(form, await clientOfGrant(form, client, options, context));
    case TOKEN_EXCHANGE:
      return tokenExchange(form, client, options, context);
    default:
      // RFC 6749 section 5.2: a parameter that is missing is another error than a grant that is unknown.
      throw new SignetError(
        type === undefined ? "invalid_request" : "grant_not_supported",
        `grant_type must be one of ${GRANT_TYPES.join(", ")}`,
        { field: "grant_type" },
      );
  }
}

// The claims come from the grant, and it proves the same caller as the client's own authentication.
async function clientOfGrant(
  form: Form,
  client: Client,
  { authenticate }: GrantOptions,
  context: RequestContext,
): Promise<Client> {
  const assertion = assertionOf(form);
  const { caller, proof } = client;
  if (proof?.token === assertion) return client;
  const proven = await clientByToken(authenticate, assertion, "assertion", caller.name, context);
  const use = async (): Promise<void> => {
    await proof?.use();
    await proven.proof?.use();
  };
  const isReusable = proof?.isReusable !== false && proven.proof?.isReusable === true;
  return { caller: proven.caller, proof: { token: assertion, use, isReusable } };
}

function assertionOf(form: Form): string {
  const assertion = form.get("assertion");
  if (assertion !== undefined) return assertedProof(assertion, "assertion");
  throw new SignetError("invalid_request", "send the token as assertion (RFC 7523, section 2.1)", { field: "assertion" });
}
