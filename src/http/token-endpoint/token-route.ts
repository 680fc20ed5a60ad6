import { SignetError } from "../../errors.js";
import { assertMediaType, MAX_SMALL_BODY, withBody } from "../body.js";
import { type Form, parseForm } from "../form.js";
import { countingRefusals } from "../issue.js";
import type { Handler, RequestContext } from "../request-context.js";
import { targetOf } from "../target.js";
import { accessTokenAnswer, oauthError } from "./answer.js";
import { clientOf, type GrantOptions, grantOf } from "./choose-grant.js";
import { assertOneClient, basicCredentials, type Client, clientBySecret } from "./client-authentication.js";
import type { Grant } from "./grants.js";

/** A client, and whether the callers and rules that it was found by are those of now. */
interface Recognised {
  readonly client: Client;
  readonly find: () => Promise<Client>;
  readonly isPresent: () => boolean;
}

/**
 * `POST /token`: OAuth 2.0's token endpoint (RFC 6749 section 3.2) with three grants: client credentials (section 4.4), a JWT (RFC 7523
 * section 2.1) and token exchange (RFC 8693). The client is a caller. It shows a secret (client_secret_basic, client_secret_post), or a token
 * that proves it: as `client_assertion` (RFC 7523 section 2.2), or as the grant itself. Its token is an RFC 9068 access token where its limits
 * allow the type `at+jwt`.
 */
export function tokenRoute(options: GrantOptions): Handler {
  const { authenticate, clock } = options;

  async function recognised(find: () => Promise<Client>): Promise<Recognised> {
    const [callers, proofs] = [options.callers(), options.proofs?.()];
    const isPresent = () => options.callers() === callers && options.proofs?.() === proofs;
    return { client: await find(), find, isPresent };
  }

  // While a form is sent, or keys are fetched, a caller may be removed, or a rule switched off: then all is judged anew, the client as well.
  async function grantInForce(form: Form, shown: Recognised, context: RequestContext): Promise<Grant> {
    const grant = await grantOf(form, shown.client, options, context);
    return shown.isPresent() ? grant : grantInForce(form, await recognised(shown.find), context);
  }

  async function answer(form: Form, shown: Recognised, context: RequestContext): Promise<Response> {
    const grant = await grantInForce(form, shown, context);
    return accessTokenAnswer({ access_token: await issued(grant), token_type: "Bearer", ...grant.answer }, context);
  }

  return async (request, context) => {
    try {
      assertMediaType(request, "application/x-www-form-urlencoded");
      if (targetOf(request, context).query !== undefined)
        throw new SignetError("invalid_request", "send the parameters in the body, not in the URL (RFC 6749, section 2.3.1)");
      const header = request.headers.get("authorization");
      const basic = header === null ? undefined : basicCredentials(header);
      // Of a client with a wrong secret not even the form is read.
      const shown = basic && (await recognised(() => clientBySecret(authenticate, basic, context)));
      return await withBody(request, context, MAX_SMALL_BODY, async (body) => {
        if (basic === undefined || shown === undefined) {
          const form = parseForm(body);
          const found = await recognised(() => clientOf(form, options, context));
          return countingRefusals(found.client.caller, clock, context, () => answer(form, found, context));
        }
        return countingRefusals(shown.client.caller, clock, context, () => {
          const form = parseForm(body);
          assertOneClient(form, basic);
          return answer(form, shown, context);
        });
      });
    } catch (error) {
      return oauthError(error, context);
    }
  };
}

// What would be refused anyway uses no proof up, and nothing is issued before each is.
async function issued({ issuer, asked, uses, isReusable = false }: Grant): Promise<string> {
  if (uses.length > 0 && !isReusable) await issuer.check(asked);
  for (const use of uses) await use();
  return (await issuer.issue(asked)).token;
}
