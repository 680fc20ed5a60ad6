import { ownMember } from "../../encoding/own-member.js";
import { urlOf } from "../../encoding/url-of.js";
import { isSignetError, SignetError } from "../../errors.js";
import { createVerifier } from "../../verify/create-verifier.js";
import type { IssuersVerifierOptions } from "../../verify/issuers.js";
import type { IssuersVerifier } from "../../verify/issuers-verifier.js";
import { type Environment, isYesIn, listIn, namesIn, objectIn, wrong } from "../shared/settings.js";

/** The options of createVerifier that are lists of names, each with its variable. */
const LISTS = {
  scopes: "SIGNET_SCOPES",
  types: "SIGNET_TYPES",
  algorithms: "SIGNET_KEY_ALGORITHMS",
  clientIds: "SIGNET_CLIENT_IDS",
  ignoredHeaders: "SIGNET_IGNORED_HEADERS",
  integersAsText: "SIGNET_INTEGERS_AS_TEXT",
} as const;
const VARIABLE_OF: Readonly<Record<string, string>> = {
  ...LISTS,
  issuer: "SIGNET_ISSUER",
  audience: "SIGNET_AUDIENCE",
  jwksUrl: "SIGNET_JWKS_URL",
  claims: "SIGNET_EXACT_CLAIMS",
};
/** Takes whatever a token says. */
const ANY = "*";

/**
 * Makes the verifier that the environment describes. What a list narrows is not narrowed by one that names nothing.
 *
 * @throws SignetError `config_invalid`, naming the variable
 */
export function verifierIn(env: Environment, clock: () => number): IssuersVerifier {
  const { SIGNET_ISSUER: issuer, SIGNET_AUDIENCE: audience, SIGNET_JWKS_URL: jwksUrl } = env;
  if (!issuer) throw wrong("SIGNET_ISSUER", "is not set: the URL of the issuer, or of several with commas between them");
  if (!jwksUrl && listIn(issuer).some((each) => urlOf(each) === undefined))
    throw wrong("SIGNET_ISSUER", "is no URL: give the issuer's, exactly as in iss, or say in SIGNET_JWKS_URL where its keys are");
  const lists = Object.entries(LISTS).map(([option, name]) => [option, namesIn(env, name)] as const);
  const given = Object.fromEntries(lists.filter(([, names]) => names.length > 0));
  if (!audience && !given.clientIds)
    throw wrong("SIGNET_AUDIENCE", "is not set: who a token must be for; * takes every token of the issuer");
  if (audience === ANY && given.clientIds)
    throw wrong("SIGNET_CLIENT_IDS", "narrows nothing beside the SIGNET_AUDIENCE *: name the audiences, or unset one of the two");
  const claims = objectIn(env, "SIGNET_EXACT_CLAIMS");
  const options = {
    ...given,
    ...(env.SIGNET_TYPES === ANY && { types: null }),
    // An empty object is refused: it would check nothing.
    ...(env.SIGNET_EXACT_CLAIMS && { claims }),
    ...(jwksUrl && { jwksUrl: jwksUrl.trimStart().startsWith("{") ? objectIn(env, "SIGNET_JWKS_URL") : jwksUrl }),
    issuer: listIn(issuer),
    audience: !audience || audience === ANY ? null : listIn(audience),
    allowInsecureIssuer: isYesIn(env, "SIGNET_ALLOW_INSECURE_ISSUER"),
    clock,
  };
  try {
    return createVerifier(options as IssuersVerifierOptions);
  } catch (error) {
    throw byVariable(error);
  }
}

/** Words of the library about keys, with the variables for the options that they say to give. */
export function byVariables(words: string): string {
  return words
    .replace("the option algorithms", LISTS.algorithms)
    .replace("allowInsecureIssuer", "SIGNET_ALLOW_INSECURE_ISSUER=true");
}

// What is wrong with an option is wrong with its variable: the operator knows it by that name.
function byVariable(error: unknown): unknown {
  if (!isSignetError(error)) return error;
  const { code, field = code === "unsupported_algorithm" ? "algorithms" : "", message } = error;
  const name = ownMember(VARIABLE_OF, field);
  if (name === undefined) return error;
  const what = message.startsWith(field) ? message.slice(field.length) : `: ${message}`;
  return new SignetError("config_invalid", name + what, { field: name });
}
