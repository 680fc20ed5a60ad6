import type { Command } from "commander";
import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError, SignetError } from "../errors.js";
import { readGivenFile } from "../operator/given-file.js";
import type { VerifierOptions } from "../verify/verifier.js";
import { readVerifierOptions } from "../verify/verifier-options.js";
import type { Context } from "./context.js";
import { algorithmGiven, namesGiven, parseTypedJson } from "./typed.js";

/** What a token must say, as it is typed. */
export interface VerifierFlags {
  readonly typ?: string;
  readonly types?: string;
  readonly algorithms?: string;
  readonly clientIds?: string;
  readonly claims?: string;
  readonly scopes?: string;
  readonly ignoredHeaders?: string;
  readonly integersAsText?: string;
  /** False for `--no-require-expiration`. */
  readonly requireExpiration?: boolean;
}

type Asked = Pick<
  VerifierOptions,
  "types" | "algorithms" | "clientIds" | "claims" | "scopes" | "ignoredHeaders" | "integersAsText" | "requireExpiration"
>;

/** The flags of tokens that other issuers make; each is the verifier's option of that name. */
export function addVerifierFlags(command: Command): Command {
  return command
    .option("--typ <type>", "the typ that is accepted (default: JWT, or none)")
    .option("--types <types>", "several of them, with commas: at+jwt,JWT; * accepts any")
    .option("--algorithms <algs>", "those that are accepted, with commas; needed for RSA keys that name none (Entra): RS256")
    .option("--client-ids <ids>", "with commas: accept tokens without aud whose client_id is one of them (Cognito)")
    .option("--claims <json>", 'what claims must say, as JSON or @FILE: {"token_use":"access"}')
    .option("--scopes <scopes>", "those that the token must have, with commas")
    .option("--ignored-headers <names>", "header parameters to pass over, of jku, x5u and x5c, with commas")
    .option("--integers-as-text <claims>", "claims whose integers are printed as texts, with commas")
    .option("--no-require-expiration", "accept a token without exp");
}

/**
 * Reads the flags as the verifier's options.
 *
 * @throws SignetError `usage`
 */
export async function verifierOptionsGiven(context: Context, flags: VerifierFlags): Promise<Asked> {
  if (flags.typ !== undefined && flags.types !== undefined) throw new SignetError("usage", "give one of --typ and --types");
  const algorithms = listGiven(flags.algorithms, "--algorithms")?.map((name) => algorithmGiven(name, "--algorithms").name);
  const asked = {
    types: flags.typ !== undefined ? [flags.typ] : flags.types === "*" ? null : listGiven(flags.types, "--types"),
    algorithms,
    clientIds: listGiven(flags.clientIds, "--client-ids"),
    claims: flags.claims === undefined ? undefined : await claimsGiven(context, flags.claims),
    scopes: listGiven(flags.scopes, "--scopes"),
    ignoredHeaders: listGiven(flags.ignoredHeaders, "--ignored-headers"),
    integersAsText: listGiven(flags.integersAsText, "--integers-as-text"),
    requireExpiration: flags.requireExpiration,
  };
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as Asked;
  try {
    readVerifierOptions({ ...given, keys: { keys: [] }, issuer: null, audience: null });
    return given;
  } catch (error) {
    if (!isSignetError(error, "config_invalid") || error.field === undefined) throw error;
    const flag = `--${error.field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new SignetError("usage", `${flag}${error.message.slice(error.field.length)}`, { cause: error });
  }
}

async function claimsGiven(context: Context, given: string): Promise<Asked["claims"]> {
  if (!given.startsWith("@")) return parseTypedJson(given, "--claims", '{"token_use":"access"}') as Asked["claims"];
  const path = given.slice(1);
  return parseStrictJson(await readGivenFile(context, path, "--claims"), path) as Asked["claims"];
}

function listGiven(text: string | undefined, flag: string): string[] | undefined {
  return text === undefined ? undefined : namesGiven(text, flag);
}
