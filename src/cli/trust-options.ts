import type { Command } from "commander";
import { PRESET_NAMES } from "../settings/trusts.js";
import { repeated } from "./repeated.js";

/** What proves a caller beside a secret, as it is typed. */
export interface TrustFlags {
  readonly trust?: string;
  readonly issuer?: string;
  readonly claim?: readonly string[];
  readonly claimPrefix?: readonly string[];
  readonly audience?: string;
  readonly sharedAudience?: boolean;
  readonly any?: boolean;
  readonly types?: string;
  readonly maxAge?: string;
  readonly singleUse?: boolean;
  readonly fromProof?: readonly string[];
  readonly subjectPrefix?: string;
  readonly publicKey?: readonly string[];
  readonly acceptTokenEndpointAudience?: boolean;
  readonly jwks?: string;
  readonly jwksUrl?: string;
  readonly algorithms?: string;
  readonly privateNetwork?: boolean;
  readonly caFile?: string;
  readonly proxy?: string;
}

/** Adds the flags by which a caller proves itself without a secret. */
export function addTrustFlags(command: Command): Command {
  return command
    .option("--trust <preset|url>", `whose tokens prove it: ${PRESET_NAMES.join(", ")}, or an issuer's URL`)
    .option(
      "--claim <name=value>",
      "what a claim of theirs must say; again for another claim, or one of several values",
      repeated,
    )
    .option("--claim-prefix <name=prefix>", "what a claim must begin with: sub=repo:acme/", repeated)
    .option("--issuer <url>", "the preset's issuer, where it has none of its own or yours is another")
    .option("--audience <aud>", "their only audience (default: this issuer's URL)")
    .option("--shared-audience", "take an audience that others share, such as sts.amazonaws.com")
    .option("--any", "trust every holder of a token of the issuer")
    .option("--types <types>", "their types, with commas (default: JWT, or none)")
    .option("--max-age <duration>", "how long ago they may have been issued (default: 1h)")
    .option("--single-use", "take each of them once")
    .option("--from-proof <name=ours>", "a claim of theirs that tokens get: repository=repo", repeated)
    .option("--subject-prefix <text>", "what a sub that is taken from them begins with: github:")
    .option("--public-key <file>", "a key with which it signs its own proofs: PEM, DER, JWK or JWKS", repeated)
    .option("--accept-token-endpoint-audience", "take such proofs for the token endpoint's URL, too")
    .option("--jwks <file>", "the issuer's keys, pasted; without --trust the caller's own")
    .option("--jwks-url <url>", "where they are (default: found by discovery)")
    .option("--algorithms <algs>", "what they sign with, with commas: RS256")
    .option("--private-network", "fetch keys from addresses that are not public, too")
    .option("--ca-file <file>", "the certificates (PEM) that their server is checked with")
    .option("--proxy <url>", "the HTTP proxy by which keys are fetched");
}
