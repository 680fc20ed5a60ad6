import type { Command } from "commander";
import { addCallerCommands } from "./caller-commands.js";
import type { Context } from "./context.js";
import { VERSION } from "./version.js";

const load = {
  serve: () => import("./commands/serve.js"),
  console: () => import("./commands/console.js"),
};

/** Adds `serve`, `console` and `callers`. `common` gives a command the options that all have. */
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
  common(program.command("console"))
    .description("open a page on this machine in which keys, tokens, callers and the log are seen, and keys rotated and revoked")
    .option("--no-open", "print the page's link, and open no browser")
    .option("--json", "print the link as JSON")
    .addHelpText("after", "\nExamples:\n  signet console\n  signet console --config stack:signet")
    .action(async (options) => (await load.console()).openConsole(context, options));
  addCallerCommands(program, context, common);
}
