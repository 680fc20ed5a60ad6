import type { Command } from "commander";
import type { Context } from "./context.js";

const load = {
  token: () => import("./commands/token.js"),
};

/** Adds `token`. `common` gives a command the options that all have. */
export function addTokenCommand(program: Command, context: Context, common: (command: Command) => Command): void {
  const token = common(program.command("token [claims...]"))
    .description("get a token from an issuer, here or elsewhere: printed, or in a file that is kept fresh")
    .option("--file <path>", "write it there; a reader sees the old one or the new one")
    .option("--watch", "go on, and renew the file in time, until SIGTERM")
    .option("--check", "say whether the file holds a token that is good: exit code 1 where it does not");
  addOrigin(token);
  token
    .option("--claims <json>", "claims as JSON, or @FILE")
    .option("--ttl <duration>", "how long the token lives: 15m")
    .option("--iat", "set iat to now")
    .option("--nbf", "set nbf to now")
    .option("--jti", "set jti to a random UUID")
    .option("--typ <type>", "the header's typ, one that the limits allow (default: JWT)")
    .option("--min-ttl <duration>", "how long a token that is used is good at the least (default: 1m, or a quarter of its life)")
    .option("--reuse-at-least <duration>", "with --watch: no token is replaced sooner, as APNs wants (20m)")
    .option("--mode <octal>", "the file's permissions (default: 600, or 640 with --group)")
    .option("--group <group>", "the group that the file is given to, for readers of another user")
    .option("--exec <program>", "run this after a renewal: a whole path, or a list in JSON with arguments; no shell")
    .option("--json", "print the token, or the file's state, as JSON")
    .addHelpText(
      "after",
      `
Examples:
  signet token --url https://issuer.example --secret-file web.secret aud=my-api --ttl 15m
  signet token --function signet:web aud=sts.amazonaws.com sub=ci --ttl 1h --file /run/signet/token --watch
  signet token --file /run/signet/token --check`,
    )
    .action(async (pairs: string[], options) => (await load.token()).token(context, pairs, options));
}

function addOrigin(command: Command): void {
  command
    .option("--url <url>", "a server of the issuer, as one of its callers (default: this folder's issuer, which needs none)")
    .option("--token-url <url>", "a token endpoint: aud and scope may be asked for")
    .option("--function <name>", "the issuer's Lambda function, its alias behind a colon; or --config stack:NAME and --caller")
    .option("--caller <name>", "the caller, for --key, --token-url and a stack's function")
    .option("--secret-file <file>", "holds the caller's secret; read anew for each token")
    .option("--proof-file <file>", "holds a token that proves the caller, such as a pod's; read anew for each token")
    .option("--key <source>", "the caller's private key, which signs its proofs: a file, env:NAME, ssm:NAME or secret:NAME")
    .option("--key-passphrase-file <file>", "opens it where it is encrypted")
    .option("--issuer <url>", "the audience of these proofs, where the issuer's URL is another than --url")
    .option("--aws", "ask the server as a role or user of AWS (SigV4)")
    .option("--allow-insecure-url", "ask over http beyond this machine: an attacker on the way reads the secret");
}
