import type { Command } from "commander";
import type { Context } from "./context.js";
import { VERSION } from "./version.js";

const load = {
  serve: () => import("./commands/serve.js"),
  callers: () => import("./commands/callers.js"),
};

/** Adds `serve` and `callers`. `common` gives a command the options that all have. */
export function addServerCommands(program: Command, context: Context, common: (command: Command) => Command): void {
  common(program.command("serve"))
    .description("serve the issuer over HTTP: tokens to callers, public keys to everybody")
    .option("--dev", "answer Lambda's Invoke API as well, without a secret, to programs on this machine")
    .option("--port <n>", "the port (default: that of the issuer's URL, or 7117; 0 takes a free one)")
    .option("--host <address>", "the address (default: 127.0.0.1)")
    .option("--socket <path>", "a Unix socket instead of a port")
    .option("--workers <n>", "how many processes serve (default: 1)")
    .option("--tls-cert <file>", "the certificate chain, PEM; read again when it changes")
    .option("--tls-key <file>", "its private key, PEM")
    .option("--json", "log JSON on a terminal too")
    .addHelpText("after", "\nExample:\n  signet serve --port 8080 --workers 2")
    .action(async (options) => (await load.serve()).serve(context, options, VERSION));
  const callers = common(program.command("callers").description("who may ask for tokens over HTTP"));
  common(callers.command("add <name>"))
    .description("make a caller and show its secret, this once")
    .option("--limits <file>", "what it may be issued, as JSON spelled as in signet.json")
    .option("--expires <duration>", "how long the secret works: 90d (default: without end)")
    .option("--or-rotate", "give a caller that is there already a new secret")
    .option("--overlap <duration>", "how long its old one goes on working then (default: 1d; 0 ends it at once)")
    .option("--json", "print the secret as JSON")
    .addHelpText("after", "\nExample:\n  signet callers add web --limits web-limits.json --expires 90d")
    .action(async (name: string, options) => (await load.callers()).callersAdd(context, name, options));
  common(callers.command("list"))
    .description("show callers, their limits and the ages of their secrets")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExample:\n  signet callers list")
    .action(async (options) => (await load.callers()).callersList(context, options));
  common(callers.command("rotate <name>"))
    .description("make a caller a new secret; the old one goes on working for a while")
    .option("--overlap <duration>", "how long (default: 1d; 0 ends it at once)")
    .option("--expires <duration>", "how long the new secret works (default: without end)")
    .option("--json", "print the secret as JSON")
    .addHelpText("after", "\nExample:\n  signet callers rotate web --overlap 2h")
    .action(async (name: string, options) => (await load.callers()).callersRotate(context, name, options));
  common(callers.command("remove <name>"))
    .description("forget a caller: its secrets work no more")
    .option("--json", "print its name as JSON")
    .addHelpText("after", "\nExample:\n  signet callers remove web --yes")
    .action(async (name: string, options) => (await load.callers()).callersRemove(context, name, options));
}
